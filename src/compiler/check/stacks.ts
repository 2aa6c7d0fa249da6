/** On which stack a memory area lies, and which stacks the user's page tables map. */
import type { PathContext } from "./context.js";
import { type Vector, valueNameOf } from "./vector.js";

/** The others (IST, trampoline, espfix) lie in the entry area, which both page tables map (INV-50). */
export const kernelOnlyStacks: readonly string[] = ["thread", "irq"];

/** The stack of a region of `path/location.ts`: the frame lies where the event started, a joined stack is the current one. */
export function stackOfRegion(context: PathContext, vector: Vector, region: string): string {
  const stack = context.dimension("stack");
  if (region === "frame") {
    const start = vector.event.starts.find((s) => s.dimension === stack)?.value ?? stack.usual;
    return stack.values[start] as string;
  }
  return region === "stack:joined" ? valueNameOf(vector, stack) : region.slice("stack:".length);
}
