/** Numbers that the C harness and the JavaScript side share. */

/** Scripts have fewer entries than this; in an exhaustive run, just as many. */
export const scriptLimit = 12;

/** The result of a run that does not end by itself, beside 0 and 1 for false and true and 2 for a function without a result. */
export const endless = 3;

/** Its hash: where such a run is cut off is no part of the contract. */
export const endlessHash = 0x0e4d1e55;
