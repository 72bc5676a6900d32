import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import {
  parseAllowedProcessors,
  parseMeminfo,
  parseProcessorTicks,
} from "../../../src/actors/monitor/procfs.js";

const STAT = `cpu  300 20 100 1500 40 6 14 20 50 5
cpu0 100 10 50 500 20 3 7 10 50 5
cpu1 200 10 50 1000 20 3 7 10 0 0
cpu10 7 0 0 93 0 0 0 0 0 0
intr 12345 0 0 cpu2 9 9
ctxt 999
`;

test("parseProcessorTicks sums the allowed processors: stolen time is busy, waiting for disks is idle", () => {
  assert.equal(parseProcessorTicks(STAT, new Set([0])), { busy: 180, total: 700 });
  assert.equal(parseProcessorTicks(STAT, new Set([0, 1])), { busy: 460, total: 2_000 });
  assert.equal(parseProcessorTicks(STAT, new Set([10])), { busy: 7, total: 100 });
});

test("parseProcessorTicks is null where no allowed processor is listed", () => {
  assert.is(parseProcessorTicks(STAT, new Set([2])), null);
  assert.is(parseProcessorTicks("", new Set([0])), null);
});

test("parseProcessorTicks reads the short lines of an old kernel", () => {
  assert.equal(parseProcessorTicks("cpu  1 2 3 4\ncpu0 1 2 3 4\n", new Set([0])), { busy: 6, total: 10 });
});

const MEMINFO = `MemTotal:       24683656 kB
MemFree:        2000000 kB
MemAvailable:   16000000 kB
Buffers:            1896 kB
Cached:           500000 kB
SwapCached:            0 kB
`;

test("parseMeminfo takes MemAvailable, and free and cached where an old kernel has none", () => {
  assert.equal(parseMeminfo(MEMINFO), { totalBytes: 24_683_656 * 1024, availableBytes: 16_000_000 * 1024 });
  assert.equal(parseMeminfo(MEMINFO.replace(/MemAvailable.*\n/, "")), {
    totalBytes: 24_683_656 * 1024,
    availableBytes: 2_500_000 * 1024,
  });
});

test("parseMeminfo is null where the total is missing", () => {
  assert.is(parseMeminfo(MEMINFO.replace(/MemTotal.*\n/, "")), null);
  assert.is(parseMeminfo(""), null);
});

test("parseAllowedProcessors reads single processors and ranges", () => {
  const allowed = (list: string) => [
    ...parseAllowedProcessors(`Name:\tnode\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`),
  ];
  assert.equal(allowed("0"), [0]);
  assert.equal(allowed("0-3,8,10-11"), [0, 1, 2, 3, 8, 10, 11]);
  assert.equal([...parseAllowedProcessors("Name:\tnode\n")], []);
});

test.run();
