/** What the launcher gives the bundle: code that V8 kept cannot import by itself. */
declare function importModule(url: string): Promise<unknown>;
/** The launcher's own file, which other threads start from. */
declare const launcher: string;

/** Texts that ship with the tool; `tools/bundled.mjs` makes these modules from the files when the tool is bundled. */

declare module "bundled:profiles" {
  /** The text of each profile by its name, `linux-6.12`. */
  const texts: Readonly<Record<string, string>>;
  export default texts;
}

declare module "bundled:explanations" {
  /** The page of each diagnostic by its code, Markdown. */
  const texts: Readonly<Record<string, string>>;
  export default texts;
}

declare module "bundled:machine" {
  /** The sources of the bench machine by their file names. */
  const texts: Readonly<Record<string, string>>;
  export default texts;
}
