/**
 * Finds the ffmpeg to run: `SLUICE_FFMPEG`, else the one on `PATH`, else the one that came with the installation.
 * The door to @ffmpeg-installer/ffmpeg.
 */

import { accessSync, constants, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { SluiceError } from "../../task/errors.js";

/**
 * Path of an executable ffmpeg.
 *
 * @throws SluiceError `ffmpeg-missing` where there is none, or where `SLUICE_FFMPEG` names no executable file
 */
export function findFfmpeg(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const named = environment["SLUICE_FFMPEG"];
  if (named !== undefined && named !== "") {
    if (isExecutable(named)) return named;
    throw new SluiceError(
      `Cannot run ffmpeg as SLUICE_FFMPEG must name an executable file: got "${named}"; correct it or unset it`,
      { code: "ffmpeg-missing" },
    );
  }
  const executable = process.platform === "win32" ? "ffmpeg.exe" : "ffmpeg";
  for (const folder of (environment["PATH"] ?? "").split(delimiter)) {
    if (folder !== "" && isExecutable(join(folder, executable))) return join(folder, executable);
  }
  return bundled();
}

function bundled(): string {
  let cause: unknown;
  try {
    // A CommonJS module, which throws a string while it loads where its platform package is absent.
    const require = createRequire(import.meta.url);
    const installer: unknown = require("@ffmpeg-installer/ffmpeg");
    const path = (installer as { readonly path?: unknown }).path;
    if (typeof path === "string" && isExecutable(path)) return path;
  } catch (error) {
    cause = error;
  }
  throw new SluiceError(
    `Cannot find ffmpeg for ${process.platform}-${process.arch}: install it, or set SLUICE_FFMPEG to its path`,
    { code: "ffmpeg-missing", cause },
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Absent and not ours to run are the same answer here.
    return false;
  }
}
