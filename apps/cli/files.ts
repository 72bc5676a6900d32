/** Files of commands: those that they name, as certificates and tokens, and those that they make. */

import { readFile } from "node:fs/promises";
import { errorText } from "../../src/runtime/errors.js";
import { TransportError, type TransportErrorCode } from "../../src/transport/errors.js";

/** From now on other users read nothing that this process makes: journals and stores hold passwords and what cameras saw. */
export function keepFilesPrivate(): void {
  process.umask(0o077);
}

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
