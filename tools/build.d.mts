/** The command line alone, into any folder. */
export function buildTool(outdir: string): Promise<void>;
export function buildLibrary(outdir: string): Promise<void>;
