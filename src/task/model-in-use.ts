/** Which version of a model a stage runs, and what people are told of it. */

import type { StageKey } from "./identity.js";

/** The version of a model that a node runs a stage with. */
export interface ModelInUse {
  readonly stage: StageKey;
  /** Its name in the folder. */
  readonly file: string;
  /** SHA-256 of the file, and 8 digits of that of its description where there is one: `HASH.DIGITS`. */
  readonly version: string;
  /** A newer one that it was given and does not run; absent where there is none. */
  readonly refused?: { readonly version: string; readonly reason: string };
}

/** For people: 8 digits of the file, and as many of its description. */
export function shortVersion(version: string): string {
  const [file = "", description] = version.split(".");
  return description === undefined ? file.slice(0, 8) : `${file.slice(0, 8)}.${description}`;
}

/** That a stage of a node runs this version from now on, or goes on with it. */
export function describeSwap({ stage, file, version, refused }: ModelInUse, node: string): string {
  const where = `stage "${stage.stage}" on ${node}`;
  if (refused === undefined) return `${where} runs "${file}" as it is now (${shortVersion(version)})`;
  return `${where} goes on with "${file}" as it was (${shortVersion(version)}), and not ${shortVersion(refused.version)}: ${refused.reason}`;
}
