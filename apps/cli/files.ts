/** Files that commands name: certificates, tokens, pipelines. */

import { readFile } from "node:fs/promises";
import { errorText } from "../../src/runtime/errors.js";
import { TransportError, type TransportErrorCode } from "../../src/transport/errors.js";

/** @throws TransportError of `code`, naming the option */
export async function readNamed(path: string, option: string, code: TransportErrorCode): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new TransportError(`Cannot read "${path}": ${errorText(error)}; name a file with ${option}`, {
      code,
      cause: error,
    });
  }
}
