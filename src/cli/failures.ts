/** The ways in which a command ends other than by its findings, each with its exit code and a message for the user. */
import { getSystemErrorMap } from "node:util";
import { visible } from "../compiler/text/visible.js";

export const exitCodes = {
  fine: 0,
  /** Errors in a spec, or outputs that have drifted. */
  findings: 1,
  usage: 2,
  /** Or tools of the system that are missing. */
  files: 3,
  /** EX_SOFTWARE of sysexits.h: a fault of ours. */
  internal: 70,
} as const;

/** The command line makes no sense. */
export class UsageError extends Error {}

/** What a command needs of the system is not there; the message says what, and how to get it. */
export class EnvironmentError extends Error {}

/** The spec has no error, but what was asked for cannot be done with it; the message says why. */
export class Refusal extends Error {}

/** In place of a verb: this is a thread of `verify`. */
export const laneWord = "verify-lane";

/** A file could not be read or written; the message names it and the cause. */
export class FileError extends Error {
  constructor(path: string, cause: unknown) {
    super(`${visible(path)}: ${causeOf(cause)}`);
  }
}

/** The cause of a failed system call in words: `permission denied`. An error of another kind is ours and is thrown on. */
export function causeOf(error: unknown): string {
  if (typeof error === "string") return error;
  const { errno, code } = error as NodeJS.ErrnoException;
  if (errno === undefined) throw error;
  if (code === "EPIPE") return "nobody reads it any more (broken pipe)";
  return getSystemErrorMap().get(errno)?.[1] ?? String(code);
}

/** The code of a failed system call, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
