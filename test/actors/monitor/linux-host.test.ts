import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { openLinuxHost, type HostReader } from "../../../src/actors/monitor/linux-host.js";

const GIB = 1024 ** 3;
const kilobytes = (bytes: number) => `${bytes / 1024} kB`;

/** A machine of four processors and 16 GiB as a tree of files, whose clock is set by the test. */
function withMachine(
  files: Readonly<Record<string, string>>,
  run: (machine: {
    host: HostReader;
    write: (path: string, text: string) => void;
    at: (ms: number) => void;
  }) => void,
): void {
  const root = mkdtempSync(join(tmpdir(), "sluice-host-"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(root + path), { recursive: true });
    writeFileSync(root + path, text);
  };
  const given = {
    "/proc/stat": stat(0),
    "/proc/meminfo": meminfo(10 * GIB),
    "/proc/self/status": "Cpus_allowed_list:\t0-3\n",
    "/proc/self/cgroup": "0::/\n",
    "/proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    "/sys/fs/cgroup/cpu.stat": "usage_usec 0\n",
    "/sys/fs/cgroup/memory.current": `${GIB}\n`,
    "/sys/fs/cgroup/memory.stat": `inactive_file ${GIB / 4}\n`,
    ...files,
  };
  for (const [path, text] of Object.entries(given)) write(path, text);
  let nowMs = 1_000;
  try {
    const host = openLinuxHost(() => nowMs, root);
    run({ host, write, at: (ms) => (nowMs = 1_000 + ms) });
    host.close();
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** /proc/stat after `busy` of 100 ticks on processor 0 and none on the others. */
function stat(busy: number): string {
  const total = busy === 0 ? 0 : 100;
  const idle = (index: number) => `cpu${index} 0 0 0 ${total} 0 0 0 0 0 0`;
  const first = `cpu0 ${1_000 + busy} 0 0 ${total - busy} 0 0 0 0 0 0`;
  return ["cpu  0 0 0 0 0 0 0 0 0 0", first, idle(1), idle(2), idle(3), ""].join("\n");
}

function meminfo(available: number): string {
  return `MemTotal: ${kilobytes(16 * GIB)}\nMemFree: 1 kB\nMemAvailable: ${kilobytes(available)}\n`;
}

test("openLinuxHost gives the machine's figures where no group limits it", () =>
  withMachine({}, ({ host, write, at }) => {
    write("/proc/stat", stat(80));
    at(1_000);
    assert.equal(host.read(), {
      cpuShare: 0.2,
      cpuCount: 4,
      memoryTotalBytes: 16 * GIB,
      memoryUsedBytes: 6 * GIB,
    });
  }));

test("openLinuxHost counts use against the processors that a container is granted", () =>
  withMachine({ "/sys/fs/cgroup/cpu.max": "50000 100000\n" }, ({ host, write, at }) => {
    write("/proc/stat", stat(40));
    write("/sys/fs/cgroup/cpu.stat", "usage_usec 400000\n");
    at(1_000);
    const { cpuCount, cpuShare } = host.read();
    assert.is(cpuCount, 0.5);
    assert.ok(Math.abs(cpuShare - 0.8) < 1e-9, `${cpuShare}`);
  }));

test("openLinuxHost takes the strictest limit of a group and its parents", () =>
  withMachine(
    {
      "/proc/self/cgroup": "0::/team/job\n",
      "/sys/fs/cgroup/team/job/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/team/cpu.max": "200000 100000\n",
      "/sys/fs/cgroup/team/job/memory.max": "max\n",
      "/sys/fs/cgroup/team/job/memory.current": "0\n",
      "/sys/fs/cgroup/team/job/memory.stat": "\n",
      "/sys/fs/cgroup/team/memory.max": `${4 * GIB}\n`,
      "/sys/fs/cgroup/team/memory.current": `${3 * GIB}\n`,
      "/sys/fs/cgroup/team/memory.stat": `inactive_file ${GIB}\n`,
    },
    ({ host }) => {
      const reading = host.read();
      assert.is(reading.cpuCount, 2);
      assert.is(reading.memoryTotalBytes, 4 * GIB);
      assert.is(reading.memoryUsedBytes, 2 * GIB);
    },
  ));

test("openLinuxHost tells no more memory as free than the machine has", () =>
  withMachine({ "/sys/fs/cgroup/memory.max": `${8 * GIB}\n`, "/proc/meminfo": meminfo(GIB) }, ({ host }) => {
    const { memoryTotalBytes, memoryUsedBytes } = host.read();
    assert.is(memoryTotalBytes, 8 * GIB);
    assert.is(memoryUsedBytes, 7 * GIB);
  }));

test("openLinuxHost reads version 1 groups", () =>
  withMachine(
    {
      "/proc/self/cgroup": "4:memory:/job\n3:cpuacct:/job\n2:cpu:/job\n0::/\n",
      "/proc/self/mountinfo":
        "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n" +
        "33 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n" +
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
      "/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "100000\n",
      "/sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/cpuacct/job/cpuacct.usage": "0\n",
      "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": `${2 * GIB}\n`,
      "/sys/fs/cgroup/memory/job/memory.usage_in_bytes": `${GIB}\n`,
      "/sys/fs/cgroup/memory/job/memory.stat": "total_inactive_file 0\n",
    },
    ({ host, write, at }) => {
      write("/proc/stat", stat(60));
      write("/sys/fs/cgroup/cpuacct/job/cpuacct.usage", "600000000\n");
      at(1_000);
      const reading = host.read();
      assert.is(reading.cpuCount, 1);
      assert.ok(Math.abs(reading.cpuShare - 0.6) < 1e-9, `${reading.cpuShare}`);
      assert.is(reading.memoryTotalBytes, 2 * GIB);
      assert.is(reading.memoryUsedBytes, GIB);
    },
  ));

test("openLinuxHost keeps the last share where no tick has passed since", () =>
  withMachine({}, ({ host, write }) => {
    write("/proc/stat", stat(80));
    host.read();
    assert.is(host.read().cpuShare, 0.2);
  }));

test("openLinuxHost counts only the processors that the process may run on", () =>
  withMachine({ "/proc/self/status": "Cpus_allowed_list:\t0\n" }, ({ host, write }) => {
    write("/proc/stat", stat(80));
    const { cpuShare, cpuCount } = host.read();
    assert.is(cpuCount, 1);
    assert.is(cpuShare, 0.8);
  }));

test("openLinuxHost fails where /proc is not there", () => {
  assert.throws(() => openLinuxHost(() => 0, join(tmpdir(), "sluice-no-such-folder")), /ENOENT/);
});

test.run();
