/** Files that somebody else has made, and words in them. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { must, onProgram, type LoneAttack } from "../kit/attack.js";
import { hasControls } from "../kit/terminal.js";

export const FILES: readonly LoneAttack[] = [
  onProgram("file", "file.long-line", "an exported run to be audited is one long line", async (workshop) => {
    const [line, many] = [join(workshop.folder, "line.ndjson"), join(workshop.folder, "many.ndjson")];
    const bytes = 12 * 1024 * 1024;
    await writeFile(line, Buffer.alloc(bytes, "x"));
    // As many bytes in lines that are no records either: read to the first, so that what is measured is the start.
    await writeFile(
      many,
      Buffer.concat(Array.from({ length: 10 }, () => Buffer.from(`${"x".repeat(1_000)}\n`))),
    );
    const short = await workshop.run(["audit", "--from", many]);
    const long = await workshop.run(["audit", "--from", line]);
    must(long.exitCode === 1 && /records/.test(long.stderr), `it says ${long.stderr.slice(0, 100)}`);
    must(
      long.durationMs < 4 * short.durationMs,
      `it takes ${(long.durationMs / short.durationMs).toFixed(1)} times as long as a short one`,
    );
  }),
  onProgram(
    "file",
    "file.gzip-bomb",
    "an exported run to be audited is small, and large once it is unpacked",
    async (workshop) => {
      const bomb = join(workshop.folder, "bomb.ndjson.gz");
      // 32 MiB in 32 kB, without the end of a line.
      await writeFile(bomb, gzipSync(Buffer.alloc(32 * 1024 * 1024, "x"), { level: 9 }));
      const ran = await workshop.run(["audit", "--from", bomb], { limits: "ulimit -v 8000000" });
      must(
        ran.exitCode === 1 && /records/.test(ran.stderr),
        `it ends with ${ran.exitCode ?? "a signal"}: ${ran.stderr.slice(0, 100)}`,
      );
      const small = join(workshop.folder, "small.ndjson");
      await writeFile(small, "x\n");
      const short = await workshop.run(["audit", "--from", small]);
      must(
        ran.durationMs < 8 * short.durationMs,
        `it takes ${(ran.durationMs / short.durationMs).toFixed(1)} times as long as a short one`,
      );
    },
  ),
  onProgram(
    "file",
    "file.odd-records",
    "an exported run to be audited has records with odd keys, numbers, and control characters",
    async (workshop) => {
      const file = join(workshop.folder, "odd.ndjson");
      const record = {
        type: "gap",
        position: 0,
        id: { sourceId: "a", incarnation: 1, sequence: 0 },
        reason: "poison",
        stage: null,
        node: "n",
        sourceAtMs: 0,
        storedAtMs: 0,
        detail: "",
      };
      for (const change of [
        { id: { ...record.id, sourceId: "\u001b]0;owned\u0007" } },
        { id: { ...record.id, sequence: Number.MAX_SAFE_INTEGER } },
        { id: { ...record.id, sequence: 1e300 } },
        { position: -1 },
        { reason: "\u001b[2J" },
        { type: "__proto__" },
        { node: { deep: true } },
      ]) {
        await writeFile(file, `${JSON.stringify({ ...record, ...change })}\n`);
        const { exitCode, stdout, stderr } = await workshop.run(["audit", "--from", file]);
        must(exitCode === 1, `${JSON.stringify(change)} ends with ${exitCode ?? "a signal"}`);
        must(!/\n\s+at /.test(stderr), `${JSON.stringify(change)} ends with a stack`);
        must(!hasControls(stdout + stderr), `${JSON.stringify(change)} reaches the terminal`);
      }
    },
  ),
  onProgram(
    "file",
    "file.token-label",
    "the label of a token moves the terminal of whoever lists tokens",
    async (workshop) => {
      const store = join(workshop.folder, "store");
      await workshop.run(["token", "create", "--store", store, "--label", "\u001b]0;owned\u0007"]);
      const { stdout } = await workshop.run(["token", "list", "--store", store]);
      must(!hasControls(stdout), "`sluice token list` passes its control characters on");
    },
  ),
];
