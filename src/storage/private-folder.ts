/** A folder whose content may hold secrets: nobody but its user reads it. */

import { chmod, readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * Takes the folder, and what is in it now, away from other users. What is made in it later has the modes that the process
 * gives, and others reach nothing below it.
 *
 * @throws what the file system says, as where the folder is another user's
 */
export async function makePrivate(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    // A repair puts what it could not read into a folder of its own.
    await chmod(join(folder, entry.name), entry.isDirectory() ? 0o700 : 0o600).catch(
      (error: NodeJS.ErrnoException) => {
        // Databases delete files of theirs at any time.
        if (error.code !== "ENOENT") throw error;
      },
    );
  }
}
