import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createFileOutlet } from "../../src/sinks/file-outlet.js";
import { placeRecord } from "../../src/storage/results/store.js";
import type { StoredRecord } from "../../src/task/record.js";
import { secondly, sinkContract } from "../contract/sink.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { test } from "../support/test.js";

const recordsFrom = (first: number, count: number): readonly StoredRecord[] =>
  secondly(first, count).map((record, index) => placeRecord(record, first + index));

function positionsIn(path: string): readonly number[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return [(JSON.parse(line) as StoredRecord).position];
      } catch {
        return [];
      }
    });
}

sinkContract("to a file", async () => {
  const folder = join(temporaryFolder(), "sink");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "results.ndjson");
  return {
    settings: {
      name: "archive",
      type: "file",
      path,
      rotate: 1024 * 1024 * 1024,
      keep: 2,
      records: ["result", "gap", "closed"],
      from: "now",
      batch: 100,
      linger: 0,
    },
    positions: async () => positionsIn(path),
    async setDown(isDown) {
      // Of a disk that is away, as seen from a program: its folder is none.
      if (isDown) renameSync(folder, `${folder}.away`);
      else renameSync(`${folder}.away`, folder);
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

test("createFileOutlet puts a file aside when it is full, and deletes the oldest beyond those it keeps", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "results.ndjson");
  const [record] = recordsFrom(0, 1);
  const lineBytes = Buffer.byteLength(JSON.stringify(record)) + 200;
  const outlet = createFileOutlet({ path, bytesMax: 3 * lineBytes, keep: 2 });
  for (let first = 0; first < 20; first += 2) await outlet.deliver(recordsFrom(first, 2));
  await outlet.close();
  const files = [`${path}.2`, `${path}.1`, path];
  for (const file of files) assert.ok(statSync(file).size <= 3 * lineBytes, file);
  assert.not.ok(existsSync(`${path}.3`));
  const positions = files.flatMap(positionsIn);
  assert.equal(
    positions,
    Array.from({ length: positions.length }, (_, index) => 20 - positions.length + index),
  );
  assert.ok(positions.length >= 5, String(positions.length));
});

test("createFileOutlet goes on behind a line that a crash has torn", async () => {
  const path = join(temporaryFolder(), "results.ndjson");
  appendFileSync(path, '{"type":"result","posi');
  const outlet = createFileOutlet({ path, bytesMax: 1024 * 1024, keep: 1 });
  await outlet.deliver(recordsFrom(7, 2));
  await outlet.close();
  assert.equal(positionsIn(path), [7, 8]);
});

test.run();
