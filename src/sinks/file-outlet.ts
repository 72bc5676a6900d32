/** Records as lines of JSON in a file that is put aside when it is large. */

import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { Buffer } from "node:buffer";
import { jsonLine } from "../runtime/safe-text.js";
import type { Outlet } from "./outlet.js";

export interface FileOutletOptions {
  /** The newest lines; older ones are in `PATH.1`, the newest of them, up to `PATH.KEEP`. */
  readonly path: string;
  /** Size at which a file is put aside, in bytes. */
  readonly bytesMax: number;
  /** Files that are kept besides; the oldest is deleted. */
  readonly keep: number;
}

/** Lines are on disk (fsync) before they count as taken. Another one on the same path would break it. */
export function createFileOutlet({ path, bytesMax, keep }: FileOutletOptions): Outlet {
  let file: FileHandle | null = null;
  let size = 0;

  async function openFile(): Promise<FileHandle> {
    const opened = await open(path, "a+", 0o600);
    ({ size } = await opened.stat());
    if (size > 0) {
      const last = Buffer.alloc(1);
      await opened.read(last, 0, 1, size - 1);
      // A crash tore the last line, which comes again whole.
      if (last.toString() !== "\n") {
        await opened.write("\n");
        size += 1;
      }
    }
    return opened;
  }

  async function putAside(opened: FileHandle): Promise<FileHandle> {
    file = null;
    await opened.close();
    await rm(`${path}.${keep}`, { force: true });
    for (let number = keep - 1; number >= 0; number--) {
      const from = number === 0 ? path : `${path}.${number}`;
      if (await stat(from).catch(() => null)) await rename(from, `${path}.${number + 1}`);
    }
    return await openFile();
  }

  return {
    async deliver(records) {
      file ??= await openFile();
      let opened = file;
      let text = "";
      const flush = async (): Promise<void> => {
        await opened.write(text);
        size += Buffer.byteLength(text);
        text = "";
      };
      try {
        for (const record of records) {
          const line = `${jsonLine(record).trimEnd()}\n`;
          const before = size + Buffer.byteLength(text);
          if (before > 0 && before + Buffer.byteLength(line) > bytesMax) {
            await flush();
            await opened.sync();
            opened = file = await putAside(opened);
          }
          text += line;
        }
        await flush();
        await opened.sync();
      } catch (error) {
        // How much of it is there is not known: it is looked at again.
        file = null;
        await opened.close().catch(() => {});
        throw error;
      }
    },
    async close() {
      const opened = file;
      file = null;
      await opened?.close();
    },
  };
}
