/** Flags as tests and as the values of variables. */
import { asOperand, assign, asTest, below, equals } from "./arithmetic.js";
import type { Module } from "./module.js";
import { assignChain, chain, type Doc, negated } from "./print.js";
import type { Flag } from "./values.js";

/** The flag, or its opposite, as the test of an `if`. */
export function flagTest(module: Module, flag: Flag, holds: boolean): Doc {
  switch (flag.kind) {
    case "constant":
      return String(flag.value === holds);
    case "variable":
      return `${holds ? "" : "!"}${flag.name}`;
    case "call": {
      const doc = module.call(flag.helper, flag.arguments.map(asOperand));
      return holds ? doc : ["!", doc];
    }
    case "both": {
      const doc = chain("&&", [asOperand(flag.first), asOperand(flag.second)]);
      return holds ? doc : negated(doc);
    }
    case "comparison": {
      if (flag.less) return holds ? asTest(below(flag.left, flag.right)) : negated(asTest(below(flag.left, flag.right)));
      const equal = equals(flag.left, flag.right);
      return asTest(holds || equal.kind !== "binary" ? equal : { ...equal, operator: "!==" });
    }
  }
}

/** `const name = …;` */
export function flagConstant(module: Module, name: string, flag: Flag): Doc {
  const target = `const ${name}`;
  if (flag.kind === "comparison") return assign(target, (flag.less ? below : equals)(flag.left, flag.right));
  if (flag.kind === "both") return assignChain(target, flagTest(module, flag, true));
  return [target, " = ", flagTest(module, flag, true), ";"];
}
