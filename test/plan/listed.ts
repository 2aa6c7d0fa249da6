/** Exits as the back ends get them. */
import type { Exit, Model } from "../../src/compiler/model/model.js";
import { isPlanned, plan } from "../../src/compiler/plan/plan.js";

/** The exit with its steps listed: as it is, or as planned. */
export function listed(model: Model, exit: Exit): Exit {
  if (!isPlanned(exit)) return exit;
  const planned = plan(model, exit).exit;
  if (!planned) throw new Error(`${exit.name} cannot be planned`);
  return planned;
}
