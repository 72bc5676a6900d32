/** What reads level's files by itself: its checksums, its compression, and tables that are none. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { crc32c } from "../../src/storage/crc32c.js";
import { mendTable, tableDamage } from "../../src/storage/level-table.js";
import { tableFilesMax } from "../../src/storage/open-files.js";
import { uncompress } from "../../src/storage/snappy.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";

test("crc32c gives the checksums of RFC 3720, whole and in parts", () => {
  const check = (bytes: Uint8Array): number => crc32c(bytes, 0, bytes.length);
  // Appendix B.4, and the check value of the catalogue of CRCs.
  assert.is(check(new Uint8Array(32)), 0x8a9136aa);
  assert.is(check(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  const digits = Buffer.from("123456789");
  assert.is(check(digits), 0xe3069283);
  assert.is(crc32c(digits, 4, 9, crc32c(digits, 0, 4)), 0xe3069283);
});

test("uncompress reads literals and copies, and takes nothing else", () => {
  // 10 bytes: the literal "ab", and a copy of 8 from 2 bytes before, which runs into itself.
  assert.is(uncompress(Buffer.from([10, 0x04, 0x61, 0x62, 0x11, 2]))?.toString(), "ababababab");
  assert.is(uncompress(Buffer.from([10, 0x04, 0x61, 0x62, 0x11, 9])), null);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      uncompress(Buffer.from(bytes));
    }),
  );
});

test("tableDamage and mendTable find no table in other bytes", () =>
  inTemporaryFolder((folder) =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const path = join(folder, "000005.ldb");
        await writeFile(path, bytes);
        assert.type(await tableDamage(path), "string");
        assert.is(await mendTable(path), 0);
      }),
      { numRuns: 50 },
    ),
  ));

test("tableFilesMax leaves most descriptors to others where there are few", () => {
  assert.equal(
    [null, 1_000_000, 1_024, 128].map((limit) => tableFilesMax(limit)),
    [1_000, 1_000, 256, 64],
  );
});

test.run();
