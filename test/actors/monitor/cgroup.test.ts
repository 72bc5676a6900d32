import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import {
  findCgroup,
  parseCfsQuota,
  parseCpuMax,
  parseCpuUsageUs,
  parseInactiveFile,
  parseMemoryLimit,
} from "../../../src/actors/monitor/cgroup.js";

const UNIFIED_MOUNT =
  "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

test("findCgroup finds a version 2 group and every parent up to the mount", () => {
  assert.equal(findCgroup("0::/system.slice/sluice.service\n", UNIFIED_MOUNT, "memory"), {
    version: 2,
    folders: ["/sys/fs/cgroup/system.slice/sluice.service", "/sys/fs/cgroup/system.slice", "/sys/fs/cgroup"],
  });
});

test("findCgroup finds the mount itself in a container that sees its own group as the root", () => {
  assert.equal(findCgroup("0::/\n", UNIFIED_MOUNT, "cpu"), { version: 2, folders: ["/sys/fs/cgroup"] });
});

test("findCgroup finds a version 1 controller that is mounted together with another", () => {
  const membership = "4:memory:/a\n3:cpu,cpuacct:/batch/job\n0::/\n";
  const mounts =
    "33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" + UNIFIED_MOUNT;
  const folders = [
    "/sys/fs/cgroup/cpu,cpuacct/batch/job",
    "/sys/fs/cgroup/cpu,cpuacct/batch",
    "/sys/fs/cgroup/cpu,cpuacct",
  ];
  assert.equal(findCgroup(membership, mounts, "cpu"), { version: 1, folders });
  assert.equal(findCgroup(membership, mounts, "cpuacct"), { version: 1, folders });
});

test("findCgroup resolves a version 1 path against the root of a bind mount, as Docker makes it", () => {
  const mounts = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
  assert.equal(findCgroup("4:memory:/docker/abc\n", mounts, "memory"), {
    version: 1,
    folders: ["/sys/fs/cgroup/memory"],
  });
  assert.equal(findCgroup("4:memory:/docker/abc/worker\n", mounts, "memory"), {
    version: 1,
    folders: ["/sys/fs/cgroup/memory/worker", "/sys/fs/cgroup/memory"],
  });
  assert.equal(findCgroup("4:memory:/docker/abcdef\n", mounts, "memory")?.folders, ["/sys/fs/cgroup/memory"]);
});

test("findCgroup is null where the controller is not mounted", () => {
  assert.is(findCgroup("0::/\n", "", "cpu"), null);
  assert.is(findCgroup("", UNIFIED_MOUNT, "cpu"), null);
});

test("parseCpuMax gives processors, and null for max", () => {
  assert.is(parseCpuMax("150000 100000\n"), 1.5);
  assert.is(parseCpuMax("max 100000\n"), null);
  assert.is(parseCpuMax("50000\n"), 0.5);
  assert.is(parseCpuMax(""), null);
});

test("parseCfsQuota gives processors, and null for -1", () => {
  assert.is(parseCfsQuota("200000\n", "100000\n"), 2);
  assert.is(parseCfsQuota("-1\n", "100000\n"), null);
});

test("parseMemoryLimit gives bytes, and null for max and for the largest number of version 1", () => {
  assert.is(parseMemoryLimit("536870912\n"), 536_870_912);
  assert.is(parseMemoryLimit("max\n"), null);
  assert.is(parseMemoryLimit("9223372036854771712\n"), null);
  assert.is(parseMemoryLimit(""), null);
});

test("parseCpuUsageUs reads cpu.stat", () => {
  assert.is(parseCpuUsageUs("usage_usec 4455\nuser_usec 4000\nsystem_usec 455\n"), 4_455);
  assert.is(parseCpuUsageUs("nr_periods 0\n"), null);
});

test("parseInactiveFile prefers the total over subgroups that version 1 tells beside it", () => {
  assert.is(parseInactiveFile("cache 9\ninactive_file 100\ntotal_inactive_file 300\n"), 300);
  assert.is(parseInactiveFile("anon 9\ninactive_file 100\n"), 100);
  assert.is(parseInactiveFile(""), 0);
});

test.run();
