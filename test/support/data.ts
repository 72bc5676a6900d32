/** The folder of real videos and models, which is not part of the project. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BESIDE_REPOSITORY = fileURLToPath(new URL("../../../../shared/data", import.meta.url));

/** `SLUICE_TEST_DATA`, else `../shared/data` beside the repository; null, said aloud, where a file of `needed` is absent. */
export function dataFolder(needed: readonly string[]): string | null {
  const folder = process.env["SLUICE_TEST_DATA"] ?? BESIDE_REPOSITORY;
  const missing = needed.find((file) => !existsSync(join(folder, file)));
  if (missing === undefined) return folder;
  console.log(
    `SKIPPED: "${missing}" is not in "${folder}"; name the folder of test data with SLUICE_TEST_DATA`,
  );
  return null;
}
