import type { CatalogueEntry } from "./catalogue.js";

export const entries1 = {
} as const satisfies Record<string, CatalogueEntry>;
