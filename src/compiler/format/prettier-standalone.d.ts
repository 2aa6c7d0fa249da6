/** What `prettier/standalone` exports, and its own types leave out. */
import type * as prettier from "prettier";

declare module "prettier/standalone" {
  export const doc: typeof prettier.doc;
  export const util: typeof prettier.util;
}
