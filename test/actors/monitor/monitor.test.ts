import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { HostMetrics, HostReading } from "../../../src/actors/monitor/host-metrics.js";
import { LinkProbes } from "../../../src/actors/monitor/link-probes.js";
import { createMonitor } from "../../../src/actors/monitor/monitor.js";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type { MonitorMessage, Pong, Probed } from "../../../src/actors/protocol/monitor.js";
import type { Repair } from "../../../src/task/reports.js";
import type { SchedulerMessage } from "../../../src/actors/protocol/scheduler.js";
import { parseNodeName } from "../../../src/task/identity.js";
import { silentLogger, type Logger } from "../../../src/runtime/log.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const COUNTS = {
  admitted: 1,
  received: 2,
  forwarded: 3,
  processed: 4,
  finished: 5,
  dropped: {},
  loaded: 0,
  unloaded: 0,
};
const NODE = parseNodeName("edge-1");
const READING: HostReading = {
  cpuShare: 0.25,
  cpuCount: 2,
  memoryUsedBytes: 1_000,
  memoryTotalBytes: 4_000,
  residentBytes: 500,
  loopStallMs: 3,
};

/** Every reading is later than the one before, as on a real machine. */
class RunningClock extends VirtualClock {
  #readings = 0;

  override now(): number {
    this.#readings += 1;
    return super.now() + this.#readings / 1_000;
  }
}

function setUp(options: { readonly log?: Logger; readonly clock?: VirtualClock } = {}) {
  const waiting: { resolve: (reading: HostReading) => void; reject: (error: Error) => void }[] = [];
  let closed = 0;
  let inventories = 0;
  const host: HostMetrics = {
    read: () => new Promise((resolve, reject) => waiting.push({ resolve, reject })),
    inventory() {
      inventories++;
      return Promise.resolve({ processor: "P", physicalCores: 1, system: "S" });
    },
    close: () => void closed++,
  };
  const scheduler = createProbe<SchedulerMessage>("sluice://cloud/scheduler");
  const controller = createProbe<ControllerMessage>("sluice://edge-1/controller");
  const repairs: Repair[] = [];
  const failures: string[] = [];
  const behaviour = createMonitor({
    node: NODE,
    scheduler,
    controller,
    intervalMs: 1_000,
    openHost: () => host,
    isDirect: (node) => node !== "relayed",
    repairs: () => repairs,
    failures: () => [...failures],
  });
  const monitor = fold(behaviour, { ...options, address: "sluice://edge-1/monitor" });
  return {
    monitor,
    scheduler,
    controller,
    readings: waiting,
    repairs,
    failures,
    closed: () => closed,
    inventories: () => inventories,
    samples: () => scheduler.all("resourcesSampled").map(({ sample }) => sample),
    answer: async (reading = READING) => {
      waiting.shift()?.resolve(reading);
      await monitor.settle();
    },
  };
}

test("monitor sends a sample with its time, once an interval", async () => {
  const { monitor, samples, answer } = setUp();
  monitor.advance(1_000);
  await answer();
  const [sample] = samples();
  assert.equal(sample, { node: NODE, atMs: monitor.clock.now(), ...READING, queued: {}, links: {} });
  monitor.advance(1_000);
  await answer();
  assert.is(samples().length, 2);
});

test("monitor says in its samples that files of its node were damaged", async () => {
  const { monitor, samples, answer, repairs } = setUp();
  const repair = { atMs: 5, damage: ["the write-ahead log is missing"], kept: 3, lost: null };
  repairs.push(repair);
  monitor.advance(1_000);
  await answer();
  assert.equal(samples()[0]?.repairs, [repair]);
});

test("monitor says in its samples what its node cannot write, for as long as it cannot", async () => {
  const { monitor, samples, answer, failures } = setUp();
  failures.push("Cannot write to store as its disk is full");
  monitor.advance(1_000);
  await answer();
  failures.pop();
  monitor.advance(1_000);
  await answer();
  assert.equal(
    samples().map((sample) => sample.failures),
    [["Cannot write to store as its disk is full"], undefined],
  );
});

test("monitor reads no host twice at once, and counts the interval that found it unfinished", async () => {
  const { monitor, samples, answer, readings } = setUp();
  monitor.advance(3_000);
  assert.is(readings.length, 1);
  assert.is(monitor.state().counts.late, 2);
  await answer();
  assert.is(samples().length, 1);
  monitor.advance(1_000);
  assert.is(readings.length, 1);
});

test("monitor goes on after a reading that failed", async () => {
  const { monitor, samples, answer, readings } = setUp();
  monitor.advance(1_000);
  readings.shift()?.reject(new Error("gone"));
  await monitor.settle();
  assert.is(monitor.state().counts.failures, 1);
  assert.equal(samples(), []);
  monitor.advance(1_000);
  await answer();
  assert.is(samples().length, 1);
});

test("monitor reports the queues of its controller, and none that the controller did not report", async () => {
  const { monitor, controller, samples, answer } = setUp();
  monitor.advance(1_000);
  const { replyTo } = controller.only("reportQueues");
  replyTo.tell({
    type: "queuesReported",
    node: NODE,
    epoch: 1,
    sources: 1,
    queued: { "p/detect": 4 },
    joining: 0,
    parked: 0,
    counts: COUNTS,
  });
  await answer();
  assert.equal(samples()[0]?.queued, { "p/detect": 4 });

  monitor.advance(1_000);
  assert.is(controller.all("reportQueues").length, 2);
  monitor.advance(1_000);
  await answer();
  assert.equal(samples()[1]?.queued, {});
});

test("monitor asks its controller once at a time", () => {
  const { monitor, controller } = setUp();
  monitor.advance(1_000);
  monitor.advance(500);
  assert.is(controller.all("reportQueues").length, 1);
});

test("monitor answers a ping at once, on the control lane", () => {
  const { monitor } = setUp();
  const peer = createProbe<Pong>();
  monitor.tell({ type: "ping", sentAtMs: 42.5, replyTo: peer });
  assert.equal(peer.received, [{ type: "pong", node: NODE, sentAtMs: 42.5 }]);
  assert.equal(peer.lanes, ["control"]);
});

test("monitor smooths round trips by an eighth, and knows no bandwidth before it was probed", async () => {
  const { monitor, samples, answer } = setUp();
  const cloud = createProbe<MonitorMessage>("sluice://cloud/monitor");
  monitor.tell({ type: "watchLinks", peers: { cloud } });
  monitor.advance(990);
  for (const rttMs of [8, 16]) {
    monitor.advance(10);
    const ping = cloud.all("ping").at(-1);
    if (ping === undefined) throw new Error("no ping");
    monitor.advance(rttMs);
    ping.replyTo.tell({ type: "pong", node: parseNodeName("cloud"), sentAtMs: ping.sentAtMs });
    await answer();
    monitor.advance(990 - rttMs);
  }
  monitor.advance(10);
  await answer();
  assert.equal(samples().at(-1)?.links, { cloud: { rttMs: 9, bandwidthMbps: null } });
});

test("monitor says of a link that it goes through the hub", async () => {
  const { monitor, samples, answer } = setUp();
  const peer = createProbe<MonitorMessage>("sluice://relayed/monitor");
  monitor.tell({ type: "watchLinks", peers: { relayed: peer } });
  monitor.advance(1_000);
  const { replyTo, sentAtMs } = peer.only("ping");
  replyTo.tell({ type: "pong", node: parseNodeName("relayed"), sentAtMs });
  await answer();
  assert.equal(samples()[0]?.links, { relayed: { rttMs: 0, bandwidthMbps: null, relayed: true } });
});

test("monitor matches an answer to its ping also on a clock that never stands still", async () => {
  const clock = new RunningClock();
  const { monitor, samples, answer } = setUp({ clock });
  const cloud = createProbe<MonitorMessage>("sluice://cloud/monitor");
  monitor.tell({ type: "watchLinks", peers: { cloud } });
  monitor.advance(1_000);
  const { replyTo, sentAtMs } = cloud.only("ping");
  replyTo.tell({ type: "pong", node: parseNodeName("cloud"), sentAtMs });
  await answer();
  assert.equal(Object.keys(samples()[0]?.links ?? {}), ["cloud"]);
  assert.is(monitor.state().counts.strayPongs, 0);
});

test("monitor pings a silent peer again only once its ping is lost, and ignores the late answer", () => {
  const { monitor } = setUp();
  const cloud = createProbe<MonitorMessage>("sluice://cloud/monitor");
  monitor.tell({ type: "watchLinks", peers: { cloud } });
  monitor.advance(5_000);
  assert.is(cloud.all("ping").length, 1);
  monitor.advance(1_000);
  assert.is(cloud.all("ping").length, 2);
  const [first] = cloud.all("ping");
  first?.replyTo.tell({ type: "pong", node: parseNodeName("cloud"), sentAtMs: first.sentAtMs });
  assert.is(monitor.state().counts.strayPongs, 1);
});

test("monitor leaves out a link that has fallen silent", async () => {
  const { monitor, samples, answer } = setUp();
  const cloud = createProbe<MonitorMessage>("sluice://cloud/monitor");
  monitor.tell({ type: "watchLinks", peers: { cloud } });
  monitor.advance(1_000);
  const { replyTo, sentAtMs } = cloud.only("ping");
  replyTo.tell({ type: "pong", node: parseNodeName("cloud"), sentAtMs });
  await answer();
  assert.equal(Object.keys(samples()[0]?.links ?? {}), ["cloud"]);
  monitor.advance(16_000);
  await answer();
  assert.equal(samples()[1]?.links, {});
});

test("monitor answers a probe once it is here, on the control lane", () => {
  const { monitor } = setUp();
  const peer = createProbe<Probed>();
  monitor.tell({ type: "probe", sentAtMs: 42.5, bytes: new Uint8Array(9), replyTo: peer });
  assert.equal(peer.received, [{ type: "probed", node: NODE, sentAtMs: 42.5 }]);
  assert.equal(peer.lanes, ["control"]);
});

/** A peer that answers pings at once, and the second half of each probe when it has crossed a link of `mbps`. */
function linked(mbps: () => number, sources = () => 1) {
  const setup = setUp();
  const { monitor } = setup;
  const cloud = createProbe<MonitorMessage>("sluice://cloud/monitor");
  const node = parseNodeName("cloud");
  monitor.tell({ type: "watchLinks", peers: { cloud } });
  let pings = 0;
  let probes = 0;
  return {
    ...setup,
    cloud,
    second: async () => {
      monitor.advance(1_000);
      for (const { replyTo, sentAtMs } of cloud.all("ping").slice(pings))
        replyTo.tell({ type: "pong", node, sentAtMs });
      pings = cloud.all("ping").length;
      const halves = cloud.all("probe").slice(probes);
      probes += halves.length;
      const { replyTo: asker } = setup.controller.all("reportQueues").at(-1) ?? {};
      asker?.tell({
        type: "queuesReported",
        node: NODE,
        epoch: 1,
        sources: sources(),
        queued: {},
        joining: 0,
        parked: 0,
        counts: COUNTS,
      });
      for (const [index, { replyTo, sentAtMs, bytes }] of halves.entries()) {
        if (index === 1) monitor.advance((bytes.byteLength * 8) / 1_000 / mbps());
        replyTo.tell({ type: "probed", node, sentAtMs });
      }
      await setup.answer();
      return setup.samples().at(-1)?.links["cloud"];
    },
  };
}

test("monitor measures a link that no task crosses with few bytes, by what the second half of a probe takes", async () => {
  let mbps = 1;
  const { second, cloud } = linked(() => mbps);
  let link;
  for (let at = 0; at < 60; at++) link = await second();
  assert.ok(Math.abs((link?.bandwidthMbps ?? 0) - 1) < 0.1, JSON.stringify(link));
  const sent = cloud.all("probe").reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  assert.ok(sent < 60 * 12_500, `${sent} bytes are a tenth of what the link carries in a minute`);
  mbps = 200;
  for (let at = 0; at < 120; at++) link = await second();
  assert.ok((link?.bandwidthMbps ?? 0) > 150, JSON.stringify(link));
  assert.ok((link?.bandwidthAgeMs ?? Infinity) <= 11_000);
  const largest = Math.max(...cloud.all("probe").map(({ bytes }) => bytes.byteLength));
  assert.ok(largest <= 512 * 1024, `${largest} bytes`);
  // A few more while it finds the size, and where it is in doubt.
  const most = 2 * (180 / 10 + 1) + 14;
  assert.ok(cloud.all("probe").filter(({ bytes }) => bytes.byteLength > 32 * 1024).length <= most);
  assert.ok(cloud.all("probe").length <= most + 2 * (180 / 10 + 1), "a small one goes before each large one");
});

test("monitor asks a link that was wide with a small probe first, so that it takes one that has become narrow for a moment only", () => {
  const probes = new LinkProbes(0);
  const answered = (atMs: number, mbps: number): number => {
    const { bytes } = probes.due(["hub"], atMs) ?? { bytes: 0 };
    const halfMs = (bytes * 8) / 1_000 / mbps;
    for (const half of [1, 2]) probes.probed("hub", atMs, atMs + half * halfMs);
    return bytes / 1_024;
  };
  const sizes: number[] = [];
  for (let atMs = 10_000; probes.measured("hub", atMs) === null; atMs += 1_000)
    sizes.push(answered(atMs, 100));
  assert.equal(sizes, [32, 64, 128, 256, 512]);
  assert.equal(
    [answered(20_000, 100), answered(21_000, 100)],
    [32, 512],
    "the size that was right comes second",
  );
  // 1 MiB, as before, would take it for 4 s.
  assert.equal([answered(30_000, 2), answered(31_000, 2)], [32, 32]);
  assert.is(Math.round(probes.measured("hub", 31_000)?.bandwidthMbps ?? 0), 2);
  // And widens again as soon as the link does.
  assert.equal([answered(40_000, 100), answered(41_000, 100)], [32, 64]);
});

test("monitor probes no link while the cluster has no source", async () => {
  let sources = 0;
  const { second, cloud } = linked(
    () => 10,
    () => sources,
  );
  for (let at = 0; at < 60; at++) await second();
  assert.is(cloud.all("probe").length, 0);
  sources = 1;
  for (let at = 0; at < 9; at++) await second();
  assert.is(cloud.all("probe").length, 4);
});

test("monitor probes one peer at a time, the first one every other time and the others in turn", () => {
  const probes = new LinkProbes(0);
  const peers = ["hub", "a", "b"];
  const probed: string[] = [];
  for (let atMs = 0; atMs < 80_000; atMs += 1_000) {
    const probe = probes.due(peers, atMs);
    if (probe === null) continue;
    probed.push(probe.node);
    for (const half of [1, 2]) assert.ok(probes.probed(probe.node, atMs, atMs + (half * probe.bytes) / 500));
    assert.not(probes.probed(probe.node, atMs, atMs), "answered twice already");
  }
  // The second one of each peer in a row agrees with the first.
  assert.equal(probed, ["hub", "hub", "a", "a", "hub", "b", "b", "hub", "a", "hub"]);
});

/** Probes a link whose second halves take so long, one after the other, in ms; what is believed after each. */
function probeBy(probes: LinkProbes, mbps: readonly number[], fromMs: number) {
  const believed: (number | null)[] = [];
  let atMs = fromMs;
  for (const shown of mbps) {
    let probe = probes.due(["hub"], atMs);
    for (; probe === null; probe = probes.due(["hub"], atMs)) atMs += 1_000;
    probes.probed("hub", atMs, atMs + 5);
    probes.probed("hub", atMs, atMs + 5 + (probe.bytes * 8) / 1_000 / shown);
    believed.push(probes.measured("hub", atMs)?.bandwidthMbps ?? null);
    atMs += 1_000;
  }
  return { believed: believed.map((each) => (each === null ? null : Math.round(each * 10) / 10)), atMs };
}

test("monitor believes no probe by itself: neither the first, nor one whose first half was answered late", () => {
  const probes = new LinkProbes(0);
  const { believed, atMs } = probeBy(probes, [2, 2, 2.2, 11, 2, 2], 0);
  assert.equal(believed, [null, 2, 2.2, 2.2, 2.2, 2]);
  assert.ok(atMs < 45_000, "those in doubt follow at once");
});

test("monitor believes a link that has become faster or slower once two probes in a row say so", () => {
  assert.equal(probeBy(new LinkProbes(0), [10, 10, 2, 2, 8, 8], 0).believed, [null, 10, 10, 2, 2, 8]);
});

test("monitor believes the middle one of three probes that do not agree, and asks no fourth", () => {
  const probes = new LinkProbes(0);
  const { believed, atMs } = probeBy(probes, [2, 8, 4], 0);
  assert.equal(believed, [null, null, 4]);
  assert.is(atMs, 13_000);
  assert.is(probes.due(["hub"], 13_000), null);
});

test("monitor believes nothing of a probe whose answers came together, and sends larger ones until they can be told apart", () => {
  const probes = new LinkProbes(0);
  const sizes: number[] = [];
  for (let atMs = 10_000; atMs < 17_000; atMs += 1_000) {
    const probe = probes.due(["hub"], atMs);
    if (probe === null) break;
    sizes.push(probe.bytes / 1_024);
    // 100 Mbit/s, but an event loop that wakes every 15 ms.
    const crossingMs = Math.floor((probe.bytes * 8) / 100_000 / 15) * 15;
    probes.probed("hub", atMs, atMs + 5);
    probes.probed("hub", atMs, atMs + 5 + crossingMs);
    if (sizes.length < 6) assert.is(probes.measured("hub", atMs), null);
  }
  assert.equal(sizes, [32, 64, 128, 256, 512, 512]);
  assert.ok((probes.measured("hub", 16_000)?.bandwidthMbps ?? 0) < 150);
});

test("monitor believes nothing of a probe whose first answer was held up for most of what its second half takes", () => {
  const probes = new LinkProbes(0);
  const sizes: number[] = [];
  for (let atMs = 10_000; atMs < 13_000; atMs += 1_000) {
    const probe = probes.due(["hub"], atMs);
    if (probe === null) break;
    sizes.push(probe.bytes / 1_024);
    // 2 Mbit/s, and a far end that stands still for 100 ms as the first half arrives.
    const halfMs = (probe.bytes * 8) / 2_000;
    probes.probed("hub", atMs, atMs + halfMs + (sizes.length === 1 ? 100 : 0));
    probes.probed("hub", atMs, atMs + 2 * halfMs);
  }
  assert.equal(sizes, [32, 64, 32]);
  assert.is(Math.round(probes.measured("hub", 13_000)?.bandwidthMbps ?? 0), 2);
});

test("monitor gives up a probe that is not answered", () => {
  const probes = new LinkProbes(0);
  const sentAtMs = [];
  for (let atMs = 0; atMs < 100_000; atMs += 1_000)
    if (probes.due(["hub"], atMs) !== null) sentAtMs.push(atMs);
  assert.equal(sentAtMs, [10_000, 40_000, 70_000]);
});

test("monitor forgets a peer that it is not to watch any more", () => {
  const { monitor } = setUp();
  const cloud = createProbe<MonitorMessage>("sluice://cloud/monitor");
  monitor.tell({ type: "watchLinks", peers: { cloud } });
  monitor.tell({ type: "watchLinks", peers: {} });
  monitor.advance(1_000);
  assert.equal(cloud.received, []);
});

test("monitor takes the host's inventory at its start, and only for a log that shows it", async () => {
  assert.is(setUp().inventories(), 0);
  const shown: unknown[] = [];
  const log: Logger = {
    ...silentLogger,
    isEnabled: (level) => level === "info",
    info: (message, details) => shown.push({ message, ...details }),
  };
  const { inventories, monitor } = setUp({ log });
  await monitor.settle();
  assert.is(inventories(), 1);
  assert.equal(shown, [{ message: "Host", node: NODE, processor: "P", physicalCores: 1, system: "S" }]);
});

test("monitor closes its host metrics with its state", () => {
  const { monitor, closed } = setUp();
  monitor.restart();
  assert.is(closed(), 1);
});

test.run();
