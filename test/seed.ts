/**
 * The seed of all random input. It is the same on every run, so that a run fails for what was changed and not for its luck;
 * `EXITDSL_SEED=random npm test` goes elsewhere, `EXITDSL_SEED=N npx vitest run FILE` there again.
 */
import { expect } from "vitest";

const wanted = process.env.EXITDSL_SEED ?? "20150402";

export const seed: number = wanted === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(wanted);
if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
  throw new Error(`EXITDSL_SEED is \`random\` or a number below 2^32, not ${wanted}`);

const file = expect.getState().testPath?.replace(`${process.cwd()}/`, "");
console.log(`random input from EXITDSL_SEED=${seed}; again with EXITDSL_SEED=${seed} npx vitest run ${file}`);
