import { defineVerb } from "../arguments.js";
import { exitCodes } from "../failures.js";

export const verb = defineVerb({ name: "simulate", operands: "", description: "", options: {}, examples: [], run: () => exitCodes.fine });
