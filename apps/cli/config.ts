/** `sluice config`: every setting of a hub, or what a file says of them. */

import { readHubFile } from "./config/read-hub-file.js";
import { printHubFile } from "./config/print-hub-file.js";
import { out } from "../terminal.js";

/** @param file null for the defaults. @returns the exit code. @throws SluiceError `configuration-invalid` of a file that is wrong */
export async function config(file: string | null): Promise<number> {
  const written = file === null ? {} : (await readHubFile(file)).written;
  out.lines(printHubFile(written).trimEnd());
  return 0;
}
