/** The model that cases with real inference use, which a user provides. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Unavailable } from "../../harness/case.js";

export const MODEL = "yolox-nano-416.onnx";

/** @returns the folder that has it. @throws Unavailable */
export function findModel(): string {
  const folder = process.env["SLUICE_TEST_DATA"] ?? "";
  if (existsSync(join(folder, MODEL))) return folder;
  throw new Unavailable(`SLUICE_TEST_DATA has to name the folder with ${MODEL}`);
}
