/** Files that are there whole or not at all, also if the process crashes, and for their own user alone. */

import { open, rename } from "node:fs/promises";

export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}
