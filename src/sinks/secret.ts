/** Secrets of sinks: never in a configuration, but in a file or in the environment. */

import { readFile } from "node:fs/promises";
import { errorText } from "../runtime/errors.js";
import { z } from "../runtime/parse.js";
import { SluiceError } from "../task/errors.js";

const text = z.string("wanted a text").min(1, "wanted a text that is not empty");

/** Where a secret is. */
export const secretForm = z.union(
  [z.strictObject({ file: text }), z.strictObject({ env: text })],
  "wanted where the secret is: { file: PATH } or { env: NAME }",
);

export type SecretPlace = z.output<typeof secretForm>;

/**
 * @param what it is for, for errors
 * @throws SluiceError `configuration-invalid` where there is none
 */
export async function readSecret(
  place: SecretPlace,
  what: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const fail = (problem: string): never => {
    throw new SluiceError(`Cannot read the secret of ${what}: ${problem}`, { code: "configuration-invalid" });
  };
  if ("env" in place) {
    const value = environment[place.env];
    return value === undefined || value === "" ? fail(`the variable ${place.env} is not set`) : value;
  }
  let value: string;
  try {
    value = (await readFile(place.file, "utf8")).replace(/\r?\n$/, "");
  } catch (error) {
    return fail(`"${place.file}": ${errorText(error)}`);
  }
  return value === "" ? fail(`"${place.file}" is empty`) : value;
}
