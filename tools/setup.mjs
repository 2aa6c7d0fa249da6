/**
 * Sets a fresh clone up, and does nothing in one that is: the packages of package-lock.json, and, for the tests, Debian packages.
 * It has no dependencies, so that it can install them.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** What the tests run that is not on npm: the package, and what shows that it is there. */
const debianPackages = [
  { name: "binutils", commands: ["as", "objcopy", "objdump", "ld"] },
  { name: "bochs", commands: ["bochs"] },
  { name: "bochs-term", files: ["/usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so"] },
  { name: "bsdutils", commands: ["script"] },
  { name: "gcc", commands: ["gcc"] },
  { name: "libc6-dev", files: ["/usr/include/stdio.h"] },
  { name: "qemu-system-x86", commands: ["qemu-system-x86_64"] },
  { name: "rumur", commands: ["rumur"] },
  { name: "slurm-wlm", files: ["/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/munged"] },
  { name: "sparse", commands: ["sparse"] },
  { name: "spin", commands: ["spin"] },
  { name: "z3", commands: ["z3"] },
];

/** Runs a command with the user's terminal and ends this process if it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error) fail(`${command}: ${error.message}`);
  if (status !== 0) fail(`\`${[command, ...args].join(" ")}\` failed`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Node and the npm packages. */
export function setUp() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 20)) fail(`Node 20.20 or later is needed; this is ${process.versions.node}`);
  if (packagesAreCurrent()) return;
  console.log("Installing the packages of package-lock.json (npm ci) …");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** npm keeps a copy of the lock file of what it installed; optional packages are those of other platforms. */
function packagesAreCurrent() {
  const installedFile = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedFile)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const installed = packagesOf(installedFile);
  return Object.entries(packagesOf(join(root, "package-lock.json"))).every(
    ([path, { version, optional }]) => path === "" || optional || installed[path]?.version === version,
  );
}

/** The Debian packages that the tests need; says so before it installs any. */
export function setUpDebian() {
  const missing = debianPackages
    .filter(({ commands = [], files = [] }) => !commands.every(isCommand) || !files.every(existsSync))
    .map((p) => p.name);
  if (missing.length === 0) return;
  const install = ["apt-get", "install", "--yes", "--no-install-recommends", ...missing];
  if (process.getuid?.() !== 0 || !isCommand("apt-get")) fail(`The tests need ${missing.join(", ")}. On Debian: sudo ${install.join(" ")}`);
  console.log(`The tests need ${missing.join(", ")}; installing: ${install.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "--quiet=2"], { env });
  run(install[0], ["--quiet=2", ...install.slice(1)], { env });
}

function isCommand(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
