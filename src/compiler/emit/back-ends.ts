/** All back ends, in the order in which their outputs are listed. */
import type { BackEnd } from "./artefact.js";
import { c } from "./c/c.js";
import { gas } from "./gas/gas.js";
import { simulator } from "./simulator/simulator.js";

export const backEnds: readonly BackEnd[] = [gas, c, simulator];
