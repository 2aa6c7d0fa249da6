/** The compiler's version, as in package.json (a test compares them): outputs and reports name it. */
export const version = "0.1.0";
