/** Says in the field's terms why a store or a journal failed. */

import { errorText } from "../runtime/errors.js";
import { SluiceError } from "../task/errors.js";

/** A failure of level or the file system as ours; `doing` completes "Cannot". */
export function storeError(doing: string, error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const codes: string[] = [];
  let text = "";
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string") codes.push(cause.code);
    text = cause.message;
  }
  const fail = (code: SluiceError["code"], why: string, retry: "never" | "backoff" = "never") =>
    new SluiceError(`Cannot ${doing} as ${why}`, { code, retry, cause: error });
  if (codes.includes("LEVEL_LOCKED")) {
    return fail("store-locked", "it is open already: stop the run that has it, or name another folder");
  }
  if (codes.includes("ENOSPC") || text.includes("No space left")) {
    return fail("store-full", "its disk is full: free space, or name a folder on another disk", "backoff");
  }
  // A store repairs itself at its next write or opening.
  if (codes.includes("LEVEL_CORRUPTION")) {
    return fail("store-corrupt", `its files are damaged: open it again to repair it (${text})`, "backoff");
  }
  if (codes.includes("EEXIST") || codes.includes("ENOTDIR")) {
    return fail("store-unwritable", "its path runs through a file: name a folder");
  }
  if (/EACCES|EPERM|EROFS/.test(codes.join()) || /ermission denied|not permitted|ead-only/.test(text)) {
    return fail(
      "store-unwritable",
      "this user may not write there: change its permissions, or name another folder",
    );
  }
  if (codes.includes("ENOENT")) {
    return fail("store-unwritable", "no folder can be made there: name another folder");
  }
  return fail("store-unwritable", text === "" ? errorText(error) : text, "backoff");
}
