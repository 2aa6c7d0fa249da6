/**
 * What `exitdsl` starts: it loads the bundled command line together with the code that V8 made of it at build time, which halves
 * the time to the first diagnostic. Another version of Node refuses that code, and compiles the bundle as usual.
 */
import fs = require("node:fs");
import path = require("node:path");
import vm = require("node:vm");

/** The bundle's file name without extension; the build puts it in. It has the bundle's digest, so that the two files always fit. */
declare const CORE: string;

const base = path.join(__dirname, CORE);
const filename = `${base}.cjs`;
const cacheName = `${base}.cache`;
const cachedData = fs.existsSync(cacheName) ? fs.readFileSync(cacheName) : undefined;
// The bundle is ASCII, and one function. Read as Latin-1 it takes one byte a character.
const source = fs.readFileSync(filename, "latin1");
const script = new vm.Script(source, { filename, ...(cachedData && { cachedData }) });
script.runInThisContext()(require, (url: string): Promise<unknown> => import(url), __filename);

/** Set by the build, which lets the tool run once and keeps the code of all functions that this run compiled. */
const keepCode = process.env.EXITDSL_KEEP_CODE;
if (keepCode) process.on("exit", () => fs.writeFileSync(keepCode, script.createCachedData()));
