/** All back ends, in the order in which their outputs are listed. */
import type { BackEnd } from "./artefact.js";
import { c } from "./c/c.js";
import { gas } from "./gas/gas.js";
import { murphi } from "./murphi/murphi.js";
import { promela } from "./promela/promela.js";
import { simulator } from "./simulator/simulator.js";
import { smtlib } from "./smtlib/smtlib.js";

/** What is built unless something else is asked for. */
export const backEnds: readonly BackEnd[] = [gas, c, simulator];

/** With the models for other checkers (SPIN, rumur, z3), which are written only when asked for. */
export const everyBackEnd: readonly BackEnd[] = [...backEnds, promela, murphi, smtlib];
