/** The few styles of the `pretty` report. Without colour each returns its text as it is. */
import picocolors from "picocolors";

export type Paint = (text: string) => string;

export interface Style {
  readonly error: Paint;
  readonly warning: Paint;
  readonly secondary: Paint;
  readonly gutter: Paint;
  readonly strong: Paint;
  readonly added: Paint;
  readonly removed: Paint;
}

export function styleFor(colour: boolean): Style {
  const c = picocolors.createColors(colour);
  return {
    error: (text) => c.bold(c.red(text)),
    warning: (text) => c.bold(c.yellow(text)),
    secondary: (text) => c.cyan(text),
    gutter: (text) => c.blue(text),
    strong: (text) => c.bold(text),
    added: (text) => c.green(text),
    removed: (text) => c.red(text),
  };
}
