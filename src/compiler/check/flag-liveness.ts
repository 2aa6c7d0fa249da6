/**
 * Which flags still matter, backwards over the path: whose snapshot will be tested, and whose value will be read or asked for
 * at a terminal. What is dead is forgotten by the search, so that points that differ in it only become one.
 */

import { visitTest } from "../model/expressions.js";
import type { Flag, FlagWord, Step, Test, Work } from "../model/model.js";
import type { PathNode } from "../path/graph.js";

/** The path's flag bits that matter at a point. */
export interface LiveFlags {
  readonly seen: number;
  readonly now: number;
}

/** What matters at the start of each arm of a branch or loop. */
export interface LiveArms {
  readonly then: LiveFlags;
  readonly otherwise: LiveFlags;
}

export interface FlagNumbers {
  flags(flags: readonly Flag[]): number;
  word(word: FlagWord): number;
  /** Asked for at a terminal to user mode. */
  readonly owed: number;
  /** Those that are not asked for any more once their final work has looked at them. */
  readonly final: number;
  /** Those that ask for work, which whoever clears them has to run. */
  readonly asking: number;
}

/** `blocks` run one after another. */
export function liveFlags(blocks: readonly (readonly PathNode[])[], numbers: FlagNumbers): ReadonlyMap<PathNode, LiveArms> {
  const result = new Map<PathNode, LiveArms>();
  const tested = (test: Test): number => {
    let bits = 0;
    visitTest(test, (t) => {
      if (t.kind === "flags") bits |= numbers.flags(t.flags);
    });
    return bits;
  };
  const handledBy = (item: Work | Step): number => (item.kind === "work" && item.guard ? tested(item.guard) : 0);
  const block = (nodes: readonly PathNode[], out: LiveFlags): LiveFlags => nodes.reduceRight((live, node) => before(node, live), out);
  const before = (node: PathNode, out: LiveFlags): LiveFlags => {
    switch (node.kind) {
      case "terminal":
        return { seen: 0, now: numbers.owed };
      case "read": {
        const word = numbers.word(node.word);
        return { seen: out.seen & ~word, now: (node.take ? (out.now & ~word) | (word & numbers.asking) : out.now) | (out.seen & word) };
      }
      case "clear": {
        const flags = numbers.flags(node.flags);
        return { seen: out.seen | (flags & numbers.asking), now: (out.now & ~flags) | (flags & numbers.asking) };
      }
      case "call":
        return { seen: out.seen, now: out.now & ~numbers.flags(node.item.clears) & ~(handledBy(node.item) & numbers.final) };
      case "evaluate":
        return { seen: out.seen | tested(node.condition.test), now: out.now };
      case "branch": {
        const then = block(node.then, out);
        const otherwise = block(node.otherwise, out);
        result.set(node, { then, otherwise });
        return union(then, otherwise, tested(node.test));
      }
      case "loop": {
        let head = union(out, out, tested(node.test));
        // Until it is stable: what the next round needs is live at the end of this one.
        for (;;) {
          const then = block(node.body, before(node.read, head));
          result.set(node, { then, otherwise: out });
          const more = union(head, then, 0);
          if (more.seen === head.seen && more.now === head.now) break;
          head = more;
        }
        return before(node.read, head);
      }
      case "window":
      case "jump":
        return block(node.body, out);
      default:
        return out;
    }
  };
  blocks.reduceRight((live, nodes) => block(nodes, live), { seen: 0, now: 0 } as LiveFlags);
  return result;
}

function union(a: LiveFlags, b: LiveFlags, seen: number): LiveFlags {
  return { seen: a.seen | b.seen | seen, now: a.now | b.now };
}
