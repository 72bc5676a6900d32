/** Files of a database that is open, as a process that dies now would leave them. */

import { readdirSync, statSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";

export async function copyAsKilled(path: string, copy: string): Promise<void> {
  for (;;) {
    const before = listing(path);
    const whole = await cp(path, copy, { recursive: true }).then(
      () => true,
      () => false,
    );
    // A compaction may have run meanwhile.
    if (whole && listing(path) === before) return;
    await rm(copy, { recursive: true, force: true });
  }
}

function listing(path: string): string {
  return readdirSync(path)
    .map((file) => `${file} ${statSync(join(path, file), { throwIfNoEntry: false })?.size ?? "gone"}`)
    .join();
}
