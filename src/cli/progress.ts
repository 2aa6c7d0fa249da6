/** How far a long command is, on standard error: one line that is rewritten on a terminal, else a line now and then. */
import { isatty } from "node:tty";
import { writeError } from "./streams.js";

const plainEvery = 10_000;
const terminalEvery = 100;

export class Progress {
  private readonly terminal = isatty(2) && process.env.TERM !== "dumb";
  private last = performance.now();
  private shown = false;

  tell(line: string): void {
    const now = performance.now();
    if (now - this.last < (this.terminal ? terminalEvery : plainEvery)) return;
    this.last = now;
    this.shown = true;
    // Erase to the end of the line: what was there may be longer.
    writeError(this.terminal ? `\r${line.slice(0, (process.stderr.columns ?? 80) - 1)}\x1b[K` : `${line}\n`);
  }

  end(): void {
    if (this.terminal && this.shown) writeError("\r\x1b[K");
  }
}
