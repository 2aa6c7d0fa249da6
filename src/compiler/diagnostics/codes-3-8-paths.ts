import type { CatalogueEntry } from "./catalogue.js";

export const entries3to8 = {
} as const satisfies Record<string, CatalogueEntry>;
