import type { CatalogueEntry } from "./catalogue.js";

export const entries9 = {
} as const satisfies Record<string, CatalogueEntry>;
