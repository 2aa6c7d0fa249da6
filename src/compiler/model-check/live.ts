/** Which snapshots and decisions still matter at each point, found backwards over the points until nothing changes. */
import type { Live, ModelFlag, Point } from "./program.js";
import { successorsOf } from "./program.js";
import { readBy } from "./tests.js";

export function livePoints(points: readonly Point[], flags: readonly ModelFlag[]): readonly Live[] {
  const all = (1 << flags.length) - 1;
  const live: Live[] = points.map(() => ({ seen: 0, decisions: 0 }));
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = points.length - 1; i >= 0; i--) {
      const before = liveBefore(points[i] as Point, live, all);
      const known = live[i] as Live;
      if (before.seen === known.seen && before.decisions === known.decisions) continue;
      live[i] = before;
      changed = true;
    }
  }
  return live;
}

function liveBefore(point: Point, live: readonly Live[], all: number): Live {
  let seen = 0;
  let decisions = 0;
  for (const { id } of successorsOf(point)) {
    seen |= live[id]?.seen ?? 0;
    decisions |= live[id]?.decisions ?? 0;
  }
  switch (point.kind) {
    case "read":
      seen &= all & ~point.flags;
      break;
    case "decide": {
      decisions &= ~(1 << point.decision);
      const read = readBy(point.test);
      seen |= read.seen;
      decisions |= read.decisions;
      break;
    }
    case "test": {
      const read = readBy(point.test);
      seen |= read.seen;
      decisions |= read.decisions | point.relies;
      break;
    }
    case "terminal":
      decisions |= point.relies;
      break;
    default:
      break;
  }
  return { seen, decisions };
}
