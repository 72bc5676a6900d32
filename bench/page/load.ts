/**
 * Frames a second and memory of the page with 100 sources and 50 nodes, in a real browser.
 *
 * The hub's own messages go through, but that each state of the cluster has its one source and its one node many times over: the work of the
 * browser is that of a large cluster, and that of the hub is not measured. Pictures come of one tile alone.
 *
 *     node dist/bench/page/load.js [SOURCES] [NODES]
 */

import {
  pageJson,
  parsePageJson,
  type ClusterSnapshot,
  type PageMessage,
} from "../../src/web/page-protocol.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import { withDemoPage } from "./demo-page.js";

const [sources = 100, nodes = 50] = process.argv.slice(2).map(Number);
const WARM_MS = 10_000;
const MEASURED_MS = 20_000;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** The same, with its source and its node under many names. */
function enlarged(snapshot: ClusterSnapshot): ClusterSnapshot {
  const [first] = snapshot.nodes.nodes;
  const [source] = Object.entries(snapshot.sources);
  const [ledger] = Object.values(snapshot.ledgers).flat();
  const [route] = snapshot.table.table?.sources.values() ?? [];
  const total = Object.values(snapshot.totals.sources)[0];
  const { table } = snapshot.table;
  if (!first || !source || !ledger || !route || !total || table === null) return snapshot;
  const names = range(nodes).map((index) =>
    index === 0 ? first.description.name : parseNodeName(`edge-${index}`),
  );
  const ids = range(sources).map((index) =>
    index === 0 ? ledger.sourceId : parseSourceId(`camera-${index}`),
  );
  const nodeOf = (index: number) => names[index % names.length] ?? first.description.name;
  return {
    ...snapshot,
    nodes: {
      ...snapshot.nodes,
      nodes: names.map((name) => ({ ...first, description: { ...first.description, name } })),
    },
    table: {
      ...snapshot.table,
      table: { ...table, sources: new Map(ids.map((id) => [id, route])) },
    },
    totals: { ...snapshot.totals, sources: Object.fromEntries(ids.map((id) => [id, total])) },
    sources: Object.fromEntries(ids.map((id, index) => [id, { ...source[1], node: nodeOf(index) }])),
    ledgers: Object.fromEntries(
      names.map((name, at) => [
        name,
        ids.filter((_, index) => index % names.length === at).map((sourceId) => ({ ...ledger, sourceId })),
      ]),
    ),
  };
}

function enlargedMessage(message: PageMessage): PageMessage {
  return message.type === "cluster" ? { ...message, ...enlarged(message) } : message;
}

/** Runs in the browser: times between frames, in ms. */
const FRAMES = `new Promise((resolve) => {
  const times = [];
  const began = performance.now();
  let last = began;
  const step = (now) => {
    times.push(now - last);
    last = now;
    if (now - began < ${MEASURED_MS}) requestAnimationFrame(step);
    else resolve(times);
  };
  requestAnimationFrame(step);
})`;

await withDemoPage(
  async (page) => {
    const session = await page.context().newCDPSession(page);
    // Of processor time: what other programs take of the machine is not in it.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const metrics = async (): Promise<ReadonlyMap<string, number>> => {
      const told = await session.send("Performance.getMetrics");
      return new Map(told.metrics.map(({ name, value }) => [name, value]));
    };
    await page
      .locator("li.tile")
      .nth(sources - 1)
      .waitFor();
    await page.waitForTimeout(WARM_MS);
    for (const part of ["Overview", "Topology", "Ledger"]) {
      await page.getByRole("link", { name: part }).click();
      await page.getByRole("heading", { level: 2 }).first().waitFor();
      const before = await metrics();
      const times = (await page.evaluate<number[]>(FRAMES)).toSorted((a, b) => a - b);
      const after = await metrics();
      const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? 0;
      await session.send("HeapProfiler.collectGarbage");
      const last = await metrics();
      const of = (name: string): number => last.get(name) ?? 0;
      const perSecond = (name: string): string => {
        const spentMs = ((after.get(name) ?? 0) - (before.get(name) ?? 0)) * 1_000;
        return ((spentMs * 1_000) / MEASURED_MS).toFixed(1);
      };
      console.log(
        `${part}, ${sources} sources, ${nodes} nodes: ${((times.length * 1_000) / MEASURED_MS).toFixed(1)} frames/s, ` +
          `frame p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, longest ${at(1).toFixed(1)} ms, ` +
          `of each second ${perSecond("TaskDuration")} ms of the processor: script ${perSecond("ScriptDuration")}, ` +
          `style ${perSecond("RecalcStyleDuration")}, layout ${perSecond("LayoutDuration")}; ` +
          `heap ${(of("JSHeapUsedSize") / 2 ** 20).toFixed(1)} MiB, ${of("Nodes")} nodes of the document`,
      );
    }
  },
  (page) =>
    page.routeWebSocket(/./, (socket) => {
      const hub = socket.connectToServer();
      hub.onMessage((text) => {
        const message = parsePageJson(Buffer.from(text).toString("utf8"));
        socket.send(Buffer.from(pageJson(enlargedMessage(message))));
      });
    }),
);
