/** Standard output and error, written at once and whole: a full disk or a closed pipe is an error here, not a later event. */
import { writeSync } from "node:fs";
import { codeOf, FileError } from "./failures.js";

export function writeOutput(text: string): void {
  try {
    writeAll(1, text);
  } catch (error) {
    throw new FileError("standard output", error);
  }
}

/** Nothing is left to tell a user whose standard error is closed, so that is no error. */
export function writeError(text: string): void {
  try {
    writeAll(2, text);
  } catch {}
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      // A pipe that its other end has made non-blocking, and that is full just now.
      if (codeOf(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
