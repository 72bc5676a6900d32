/**
 * Messages between two processes on one machine, beside raw WebSocket and other ways in the same run.
 *
 * Measured: round trips of 64 bytes, one at a time; one-way messages of 100 bytes with addressing and codec; one-way
 * payloads, acknowledged every 16 MiB on both sides alike; and a control message's round trip while payloads saturate the
 * link. Every case counts what arrived against what was sent. The floor of each is the ws library by itself, client to
 * server, uncompressed, and with a zero mask as the link has it.
 * Not measured: a network, TLS, several links at once.
 *
 * One file, longer than others, as both processes are this program: its cases share their sinks and counts.
 *
 * Usage: `node dist/bench/e2e/link.js`; with `npm install --no-save --legacy-peer-deps moleculer@0.14.36` before, that peer is
 * measured too (its optional peer dependencies do not go with this project's, so it is no dependency of it).
 */

import { fork, type ChildProcess } from "node:child_process";
import { createServer, request, Agent } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { WebSocket, WebSocketServer } from "ws";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import { systemClock } from "../../src/runtime/clock.js";
import { assertNever } from "../../src/runtime/errors.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem, type ActorSystem } from "../../src/runtime/system.js";
import { createWsCarrier } from "../../src/transport/carriers/ws.js";
import { startHub } from "../../src/transport/cluster/hub.js";
import { joinCluster } from "../../src/transport/cluster/joiner.js";
import { median, percentile, report, rounded, type Row } from "../report.js";

const ROUND_TRIPS = 6_000;
const BLOCK = 250;
const TELLS = 1_000_000;
/** Messages between two questions whether they have arrived; at most four such waves are in flight. */
const WAVE = 20_000;
const PAYLOADS = [64 * 1024, 256 * 1024, 1024 * 1024];
const PAYLOAD_BYTES = 1024 * 1024 * 1024;
const ACK_BYTES = 16 * 1024 * 1024;
const UNACKNOWLEDGED_BYTES = 2 * ACK_BYTES;
const PING_MS = 3_000;
const REPEATS = 5;

interface Addresses {
  readonly raw: string;
  readonly http: number;
  readonly hub: string;
}

type Echo = { readonly body: string; readonly replyTo: ActorRef<string> };
type SinkMessage =
  | { readonly type: "note"; readonly index: number; readonly text: string }
  | { readonly type: "payload"; readonly bytes: Uint8Array }
  | { readonly type: "count"; readonly replyTo: ActorRef<number> }
  | { readonly type: "start"; readonly acks: ActorRef<number> };

// ── The other process ───────────────────────────────────────────────────────────────────────────────────────────────

async function serve(): Promise<void> {
  const raw = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  raw.on("connection", (socket) => {
    let received = 0;
    let acknowledged = 0;
    let messages = 0;
    socket.on("message", (data: Buffer) => {
      // By size: an echo, the question how many messages came, a payload, a message.
      if (data.length === 64) {
        socket.send(data);
        return;
      }
      if (data.length === 1) {
        socket.send(Buffer.from(String(messages)));
        messages = 0;
        return;
      }
      messages += 1;
      if (data.length === 100) return;
      received += data.length;
      if (received - acknowledged < ACK_BYTES) return;
      acknowledged = received;
      socket.send(Buffer.from(String(received)));
    });
  });
  const http = createServer((incoming, response) => {
    incoming.on("data", (data: Buffer) => response.write(data)).on("end", () => response.end());
  });
  await new Promise<void>((resolve) => void http.listen(0, "127.0.0.1", resolve));
  const system = createActorSystem({ name: "hub", log: silentLogger });
  system.spawn(echo, { name: "echo" });
  system.spawn(sink, { name: "sink", mailbox: { capacity: TELLS } });
  const hub = await startHub(system, {
    carrier: createWsCarrier({ clock: systemClock }),
    listen: { url: "ws://127.0.0.1:0" },
    authority: null,
  });
  await startMoleculer("peer", process.ppid, { name: "echo", actions: { echo: ({ params }) => params } });
  process.send?.({
    raw: `ws://127.0.0.1:${(raw.address() as AddressInfo).port}`,
    http: (http.address() as AddressInfo).port,
    hub: hub.url ?? "",
  } satisfies Addresses);
  process.once("disconnect", () => process.exit());
}

/** What is used of a moleculer broker. */
interface Broker {
  start(): Promise<void>;
  stop(): Promise<void>;
  call(action: string, params: unknown): Promise<unknown>;
  waitForServices(name: string, timeoutMs: number): Promise<void>;
  createService(schema: Service): void;
}

interface Service {
  readonly name: string;
  readonly actions: Readonly<Record<string, (call: { readonly params: unknown }) => unknown>>;
}

/** Null where it is not installed. */
async function startMoleculer(nodeID: string, run: number, service: Service | null): Promise<Broker | null> {
  const library = "moleculer";
  const found = (await import(library).catch(() => null)) as {
    readonly ServiceBroker: new (options: object) => Broker;
  } | null;
  if (found === null) {
    if (service === null) console.log("moleculer is not installed: it is left out");
    return null;
  }
  const options = { nodeID, transporter: "TCP", logger: false, metrics: false, namespace: `bench-${run}` };
  const broker = new found.ServiceBroker(options);
  if (service !== null) broker.createService(service);
  await broker.start();
  return broker;
}

const echo: Behaviour<null, Echo> = {
  start: () => null,
  receive(state, { body, replyTo }) {
    replyTo.tell(body);
    return state;
  },
};

interface SinkState {
  count: number;
  received: number;
  acknowledged: number;
  acks: ActorRef<number> | null;
}

const sink: Behaviour<SinkState, SinkMessage> = {
  start: () => ({ count: 0, received: 0, acknowledged: 0, acks: null }),
  receive(state, message) {
    switch (message.type) {
      case "note":
        if (message.index !== state.count) throw new Error("out of order");
        state.count += 1;
        return state;
      case "payload":
        state.received += message.bytes.byteLength;
        if (state.received - state.acknowledged >= ACK_BYTES) {
          state.acknowledged = state.received;
          state.acks?.tell(state.received, "control");
        }
        return state;
      case "count":
        message.replyTo.tell(state.count);
        return state;
      case "start":
        return { count: 0, received: 0, acknowledged: 0, acks: message.acks };
      default:
        return assertNever(message);
    }
  },
};

// ── The measuring process ───────────────────────────────────────────────────────────────────────────────────────────

async function main(): Promise<void> {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), ["peer"]);
  const addresses = await new Promise<Addresses>((resolve) => void child.once("message", resolve));
  const system = createActorSystem({ name: "edge", log: silentLogger });
  const cluster = await joinCluster(system, {
    carrier: createWsCarrier({ clock: systemClock }),
    connect: { url: addresses.hub },
    token: null,
  });
  const socket = new WebSocket(addresses.raw, { perMessageDeflate: false, generateMask: () => {} });
  await new Promise<void>((resolve) => void socket.once("open", resolve));
  const broker = await startMoleculer("bench", process.pid, null);
  await broker?.waitForServices("echo", 20_000);

  await roundTrips(system, socket, addresses, broker);
  await tells(system, socket);
  await payloads(system, socket);
  await pings(system);

  await broker?.stop();
  socket.terminate();
  await cluster.leave();
  await system.terminate();
  child.disconnect();
}

/** One after the other in blocks, so that whatever slows the machine down slows all of them. */
async function roundTrips(
  system: ActorSystem,
  socket: WebSocket,
  { http }: Addresses,
  broker: Broker | null,
): Promise<void> {
  const body = "x".repeat(64);
  const bytes = Buffer.from(body);
  const remote = system.resolve<Echo>("sluice://hub/echo");
  const agent = new Agent({ keepAlive: true });
  const cases: Readonly<Record<string, () => Promise<unknown>>> = {
    "raw ws": () =>
      new Promise((resolve) => {
        socket.once("message", resolve);
        socket.send(bytes);
      }),
    "Sluice ask": () => system.ask<Echo, string>(remote, (replyTo) => ({ body, replyTo })),
    ...(broker !== null && { "moleculer call, TCP": () => broker.call("echo.echo", { body }) }),
    "node:http": () =>
      new Promise((resolve, reject) => {
        const outgoing = request({ port: http, host: "127.0.0.1", method: "POST", agent }, (response) => {
          response.on("data", () => {}).on("end", resolve);
        });
        outgoing.on("error", reject);
        outgoing.end(bytes);
      }),
  };
  const samples = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
  for (let done = -BLOCK; done < ROUND_TRIPS; done += BLOCK) {
    for (const [name, once] of Object.entries(cases)) {
      for (let n = 0; n < BLOCK; n++) {
        const startedMs = performance.now();
        await once();
        if (done >= 0) samples.get(name)?.push((performance.now() - startedMs) * 1_000);
      }
    }
  }
  agent.destroy();
  const floor = median(samples.get("raw ws") ?? []);
  const rows: Record<string, Row> = {};
  for (const [name, taken] of samples) {
    rows[name] = {
      "p50 us": rounded(median(taken)),
      "p95 us": rounded(percentile(taken, 0.95)),
      "p99 us": rounded(percentile(taken, 0.99)),
      "of raw ws": rounded(median(taken) / floor),
      samples: taken.length,
    };
  }
  report("Round trip of 64 B between two processes (goal: 1.3 of raw ws)", rows);
}

async function tells(system: ActorSystem, socket: WebSocket): Promise<void> {
  const text = "y".repeat(60);
  const remote = system.resolve<SinkMessage>("sluice://hub/sink");
  const rates = new Map<string, number[]>([
    ["raw ws, a message a frame", []],
    ["Sluice tell", []],
  ]);
  const frame = Buffer.alloc(100, 1);
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const rawCount = TELLS / 5;
    let startedMs = performance.now();
    for (let n = 0; n < rawCount; n++) {
      socket.send(frame);
      if (n % 1_000 === 0) await drained(socket);
    }
    const counted = new Promise<string>((resolve) => {
      socket.once("message", (data: Buffer) => resolve(data.toString()));
    });
    socket.send(Buffer.alloc(1));
    const arrived = Number(await counted);
    if (arrived !== rawCount) throw new Error(`raw ws: ${arrived} messages arrived`);
    rates.get("raw ws, a message a frame")?.push(rawCount / (performance.now() - startedMs));

    remote.tell({ type: "start", acks: system.resolve("sluice://edge/none") });
    startedMs = performance.now();
    const asked: Promise<number>[] = [];
    for (let n = 0; n < TELLS; n++) {
      remote.tell({ type: "note", index: n, text });
      if (n % WAVE !== WAVE - 1) continue;
      // Sending is bounded, and other work has its turn, as in any program.
      asked.push(count(system, remote));
      if (asked.length > 3) await asked.shift();
      else await new Promise((resolve) => void setImmediate(resolve));
    }
    await Promise.all(asked);
    const arrivedAll = await count(system, remote);
    if (arrivedAll !== TELLS) throw new Error(`Sluice: ${arrivedAll} of ${TELLS} messages arrived`);
    rates.get("Sluice tell")?.push(TELLS / (performance.now() - startedMs));
  }
  const rows: Record<string, Row> = {};
  for (const [name, taken] of rates) {
    rows[name] = { "k msg/s": rounded(median(taken)), "worst k msg/s": rounded(Math.min(...taken)) };
  }
  report("One-way messages of about 100 B (goal: 1,000 k msg/s)", rows);
}

function count(system: ActorSystem, remote: ActorRef<SinkMessage>): Promise<number> {
  return system.ask<SinkMessage, number>(remote, (replyTo) => ({ type: "count", replyTo }), {
    timeoutMs: 60_000,
  });
}

/** Gives the event loop a turn, and as many as the socket needs. */
async function drained(socket: WebSocket): Promise<void> {
  do await new Promise((resolve) => void setImmediate(resolve));
  while (socket.bufferedAmount > 1024 * 1024);
}

/** Sends `PAYLOAD_BYTES`, and never much more than is acknowledged. @returns GB/s */
async function flood(
  size: number,
  send: (bytes: Uint8Array) => void,
  onAck: (listener: (received: number) => void) => void,
): Promise<number> {
  const bytes = Buffer.allocUnsafeSlow(size).fill(7);
  const flow = { sent: 0, acknowledged: 0, wake: (): void => {} };
  onAck((received) => {
    flow.acknowledged = received;
    flow.wake();
  });
  const acknowledgedTo = async (ahead: number): Promise<void> => {
    while (flow.sent - flow.acknowledged >= ahead) {
      await new Promise<void>((resolve) => (flow.wake = resolve));
    }
  };
  const startedMs = performance.now();
  while (flow.sent < PAYLOAD_BYTES) {
    send(bytes);
    flow.sent += size;
    await acknowledgedTo(UNACKNOWLEDGED_BYTES);
  }
  await acknowledgedTo(ACK_BYTES);
  return flow.acknowledged / (performance.now() - startedMs) / 1e6;
}

async function payloads(system: ActorSystem, socket: WebSocket): Promise<void> {
  const rows: Record<string, Row> = {};
  const remote = system.resolve<SinkMessage>("sluice://hub/sink");
  for (const size of PAYLOADS) {
    const raw: number[] = [];
    const ours: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      let base: number | null = null;
      raw.push(
        await flood(
          size,
          (bytes) => socket.send(bytes),
          (listener) => {
            socket.removeAllListeners("message");
            socket.on("message", (data: Buffer) => {
              const received = Number(data.toString());
              base ??= received - ACK_BYTES;
              listener(received - base);
            });
          },
        ),
      );
      socket.removeAllListeners("message");
      ours.push(await floodSluice(system, remote, size));
    }
    const [floor, rate] = [median(raw), median(ours)];
    rows[`${size / 1024} KiB`] = {
      "raw ws GB/s": rounded(floor),
      "Sluice GB/s": rounded(rate),
      "of raw ws": rounded(rate / floor),
    };
  }
  report("One-way payloads (goal: 1 GB/s and 0.7 of raw ws)", rows);
}

let floods = 0;

async function floodSluice(
  system: ActorSystem,
  remote: ActorRef<SinkMessage>,
  size: number,
  limit: () => boolean = () => false,
): Promise<number> {
  let listen: (received: number) => void = () => {};
  const acks = system.spawn(
    {
      start: () => null,
      receive(state: null, received: number) {
        listen(received);
        return state;
      },
    },
    { name: `acks-${(floods += 1)}` },
  );
  remote.tell({ type: "start", acks });
  await count(system, remote);
  const rate = await flood(
    size,
    (bytes) => remote.tell({ type: "payload", bytes }),
    (listener) => (listen = listener),
  );
  await system.stop(acks);
  return limit() ? 0 : rate;
}

async function pings(system: ActorSystem): Promise<void> {
  const rows: Record<string, Row> = {};
  const remote = system.resolve<Echo>("sluice://hub/echo");
  const ping = async (untilMs: number): Promise<number[]> => {
    const samples: number[] = [];
    while (performance.now() < untilMs) {
      const startedMs = performance.now();
      await system.ask<Echo, string>(remote, (replyTo) => ({ body: "ping", replyTo }), { lane: "control" });
      samples.push(performance.now() - startedMs);
      await new Promise((resolve) => void setTimeout(resolve, 1));
    }
    return samples;
  };
  const measure = async (name: string, load: () => Promise<unknown>): Promise<void> => {
    const untilMs = performance.now() + PING_MS;
    const over = { is: false };
    const loading = (async () => {
      for (; !over.is;) await load();
    })();
    const samples = await ping(untilMs);
    over.is = true;
    await loading;
    rows[name] = {
      "p50 ms": rounded(median(samples)),
      "p95 ms": rounded(percentile(samples, 0.95)),
      "p99 ms": rounded(percentile(samples, 0.99)),
      samples: samples.length,
    };
  };
  const sinkRef = system.resolve<SinkMessage>("sluice://hub/sink");
  await measure("nothing else", () => new Promise((resolve) => void setTimeout(resolve, 10)));
  for (const size of PAYLOADS) {
    await measure(`payloads of ${size / 1024} KiB saturate the link`, () =>
      floodSluice(system, sinkRef, size),
    );
  }
  report("Round trip of a control message (goal under load: p50 0.3 ms)", rows);
}

if (process.argv[2] === "peer") await serve();
else await main();
