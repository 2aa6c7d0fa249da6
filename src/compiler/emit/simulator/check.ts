/** What a spec may not ask of the simulator. */
import { diagnostic } from "../../diagnostics/catalogue.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Place, ValueExpression } from "../../machine/instruction.js";
import { effectsOf, formatInstruction } from "../../machine/instructions.js";
import type { Model } from "../../model/model.js";
import { visitGraph } from "../../path/flow.js";
import type { PathGraph, PlacedInstruction } from "../../path/graph.js";

/** Memory is words of two halves: an access must lie within a half, or be a whole word. */
export function checkSimulator(_model: Model, graphs: readonly PathGraph[]): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  const check = (placed: PlacedInstruction): void => {
    if (!placesOf(placed).some((place) => straddles(place, placed))) return;
    const text = formatInstruction(placed.instruction).replace("\t", " ");
    const help = "reach whole words, or parts at a multiple of their width";
    const { span } = placed;
    const key = `${span.source.name}:${span.start}`;
    if (!found.has(key)) found.set(key, diagnostic("EX9201", span, { instruction: text }, { help }));
  };
  for (const graph of graphs) {
    visitGraph(graph, (node) => {
      if (node.kind === "instructions") node.instructions.forEach(check);
      else if (node.kind === "branch") node.condition.forEach(check);
    });
  }
  return [...found.values()];
}

function straddles(place: Place, { before }: PlacedInstruction): boolean {
  if (place.kind !== "memory" || place.address.base === undefined || place.address.base === "rip") return false;
  const pointer = before.registers[place.address.base];
  if (pointer.kind !== "pointer") return false;
  const byte = (((pointer.offset + place.address.displacement) % 8) + 8) % 8;
  return place.width === 64 ? byte !== 0 : (byte % 4) + place.width / 8 > 4;
}

function placesOf({ instruction }: PlacedInstruction): readonly Place[] {
  const places: Place[] = [];
  const inValue = (value: ValueExpression): void => {
    if (value.kind === "read") places.push(value.place);
    else if (value.kind === "binary") [value.left, value.right].forEach(inValue);
  };
  for (const effect of effectsOf(instruction)) {
    if (effect.kind === "write") {
      places.push(effect.place);
      inValue(effect.value);
    } else if (effect.kind === "push") inValue(effect.value);
    else if (effect.kind === "pop") places.push(effect.place);
    else if (effect.kind === "flags") [effect.source.left, effect.source.right].forEach(inValue);
  }
  return places;
}
