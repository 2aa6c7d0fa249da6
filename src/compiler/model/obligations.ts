/** What every exit owes (`require`): states, flags that must not be pending, and work that must have been done. */
import type { RequireDeclaration } from "../syntax/tree.js";
import type { Source } from "../text/source.js";
import { resolveOwedFlags, resolveSetting } from "./declarations.js";
import { resolveTest } from "./expressions.js";
import type { Duty, Frame, OwedFlags, Require } from "./model.js";
import type { Scope } from "./scope.js";

export interface Obligations {
  readonly requires: readonly Require[];
  readonly owed: readonly OwedFlags[];
  readonly duties: readonly Duty[];
}

export function resolveObligations(
  scope: Scope,
  declarations: readonly { readonly source: Source; readonly declaration: RequireDeclaration }[],
  frame: Frame | undefined,
): Obligations {
  const owed: OwedFlags[] = [];
  const duties: Duty[] = [];
  const requires = declarations.flatMap(({ source, declaration: d }): Require[] => {
    const entity = scope.entities.get(d.setting.state.text);
    const work = entity?.kind === "work" && d.setting.value.text === "done" ? entity.value : undefined;
    const flags = work ? undefined : resolveOwedFlags(scope, d.setting);
    const setting = flags || work ? undefined : resolveSetting(scope, source, d.setting);
    const featuresOnly = "an obligation holds for the kernels that have a feature";
    const condition = d.condition && resolveTest({ source, scope, frame: undefined, featuresOnly }, d.condition);
    const declared = {
      name: `${d.setting.state.text} ${d.setting.value.text}`,
      span: scope.span(source, d),
      doc: d.doc,
      condition,
      because: d.because?.value,
    };
    const events = d.events.flatMap((name) => scope.lookup(source, name, "event")?.value ?? []);
    const test = d.test && resolveTest({ source, scope, frame }, d.test);
    const misplaced =
      work && d.target !== "user"
        ? d.setting
        : work
          ? undefined
          : (d.events[0] ?? (setting && d.target !== "interrupts" ? undefined : d.test));
    if (misplaced) {
      const help = "`require WORK done at user from EVENT when TEST`: only work is owed by some events; a state may be owed under a test";
      scope.report("EX2031", scope.span(source, misplaced), { actual: "this", expected: "work that is owed at user" }, { help });
    }
    if (work) duties.push({ ...declared, work, test: test ?? work.guard, events });
    if (flags && d.target === "user") owed.push({ ...declared, flags });
    else if (flags) {
      const help = "what is pending when an interrupt returns to the kernel is done on the next way to user mode";
      const where = d.target === "kernel" ? "at a return to the kernel" : "where interrupts come";
      scope.report("EX2031", scope.span(source, d.setting), { actual: "flags", expected: `a state, ${where},` }, { help });
    }
    return setting ? [{ ...declared, setting, target: d.target, test }] : [];
  });
  return { requires, owed, duties };
}
