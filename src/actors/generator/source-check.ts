/** Checks the file of a source before ffmpeg opens it. */

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { errorText } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import type { SourceSpec } from "./source-spec.js";

/**
 * Errors of the file system are clearer than those of ffmpeg.
 *
 * @returns whether to open it may take for ever: whatever is no plain file waits for somebody
 * @throws SluiceError `source-missing` or `source-invalid`
 */
export async function checkSource(source: SourceSpec): Promise<boolean> {
  if (source.kind === "test") return false;
  if (source.kind !== "file" && source.kind !== "device") return true;
  const { path, label } = source;
  const found = await stat(path).catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code;
    throw code === "ENOENT" || code === "ENOTDIR"
      ? new SluiceError(`Cannot open source "${label}" as there is no such file: check the path`, {
          code: "source-missing",
          cause: error,
        })
      : unreadable(label, errorText(error), error);
  });
  const wrong =
    source.kind === "device"
      ? null
      : found.isDirectory()
        ? "it is a directory: name a file in it"
        : found.isFile() && found.size === 0
          ? "it is empty: 0 bytes"
          : null;
  if (wrong !== null) throw unreadable(label, wrong);
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw unreadable(label, "it may not be read: grant the permission", error);
  });
  return !found.isFile();
}

function unreadable(label: string, reason: string, cause?: unknown): SluiceError {
  return new SluiceError(`Cannot open source "${label}" as ${reason}`, { code: "source-invalid", cause });
}
