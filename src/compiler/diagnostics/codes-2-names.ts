import type { CatalogueEntry } from "./catalogue.js";

export const entries2 = {
} as const satisfies Record<string, CatalogueEntry>;
