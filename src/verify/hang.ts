/**
 * Notices that a machine hangs: not by the clock, which tells little of a process that shares its processor, but by the processor time
 * since the machine last went on.
 */
import { readFileSync } from "node:fs";

/** Milliseconds of processor time; a case takes some hundredths of one, and with all its steps logged less than ten. */
const caseLimit = 300;

/** @param progress changes whenever the machine goes on; 0 until its first case @returns does the process with this number hang? */
export function hangWatch(progress: () => bigint): (process: number) => boolean {
  let last = 0n;
  let since = 0;
  return (process) => {
    const [now, time] = [progress(), processorTime(process)];
    if (now !== last) [last, since] = [now, time];
    return last !== 0n && time - since > caseLimit;
  };
}

/** In milliseconds, from proc(5): fields 14 and 15 of `stat`, in hundredths of a second. Not a number for a process that has ended. */
function processorTime(process: number): number {
  try {
    // The second field is a name in parentheses, and may have anything in it.
    const fields = readFileSync(`/proc/${process}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return Number.NaN;
  }
}
