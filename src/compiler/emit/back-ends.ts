/** All back ends, in the order in which their outputs are listed. */
import type { BackEnd } from "./artefact.js";
import { checkC, emitC } from "./c/c.js";
import { emitGas } from "./gas/gas.js";
import { emitSimulator } from "./simulator/simulator.js";

const nothing = () => [];

export const backEnds: readonly BackEnd[] = [
  { name: "asm", check: nothing, emit: emitGas },
  { name: "c", check: checkC, emit: emitC },
  { name: "simulator", check: nothing, emit: emitSimulator },
];
