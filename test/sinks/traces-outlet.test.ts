import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import { z } from "../../src/runtime/parse.js";
import { silentLogger } from "../../src/runtime/log.js";
import type { SinkSettings } from "../../src/sinks/sink-settings.js";
import { keptAs, type TracedRecord } from "../../src/sinks/traces/trace-of.js";
import { createTracesOutlet } from "../../src/sinks/traces/traces-outlet.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { placeRecord } from "../../src/storage/results/store.js";
import { createTraceparent } from "../../src/task/traceparent.js";
import { parseNodeName } from "../../src/task/identity.js";
import { secondly, sinkContract, until, withSinks } from "../contract/sink.js";
import { newRecord, NOW_MS } from "../support/records.js";
import { test } from "../support/test.js";

/**
 * `ExportTraceServiceRequest` in JSON, as a receiver of OTLP takes it (opentelemetry-proto 1.x and its JSON encoding): names in
 * lowerCamelCase, ids in hexadecimal, integers of 64 bits as decimal texts, enumerations as numbers. A field that is not there is refused.
 */
const nanos = z.string().regex(/^\d{1,20}$/);
const value = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: z.string().regex(/^-?\d{1,19}$/) }),
  z.strictObject({ doubleValue: z.number() }),
  z.strictObject({ boolValue: z.boolean() }),
]);
const attributes = z.array(z.strictObject({ key: z.string().min(1), value }));
const id = (digits: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${digits}}$`))
    .refine((text) => /[^0]/.test(text));
const span = z
  .strictObject({
    traceId: id(32),
    spanId: id(16),
    parentSpanId: id(16).optional(),
    name: z.string().min(1),
    kind: z.number().int().min(0).max(5),
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos,
    attributes,
    status: z.strictObject({ code: z.number().int().min(0).max(2), message: z.string() }).optional(),
  })
  .refine(({ startTimeUnixNano, endTimeUnixNano }) => BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano));
const requestForm = z.strictObject({
  resourceSpans: z
    .array(
      z.strictObject({
        resource: z.strictObject({ attributes }),
        scopeSpans: z.array(
          z.strictObject({ scope: z.strictObject({ name: z.string() }), spans: z.array(span) }),
        ),
      }),
    )
    .min(1),
});
type Span = z.output<typeof span>;

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly request: z.output<typeof requestForm>;
}

type Answer = (response: ServerResponse) => void;

interface Collector {
  readonly url: string;
  readonly taken: Received[];
  /** Requests that were no OTLP: each was answered 400. */
  readonly wrong: string[];
  answer: Answer;
  close(): Promise<void>;
}

const answerWith =
  (status: number, body = "{}"): Answer =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(body);

/** A receiver of OTLP/HTTP that takes what it should and nothing else. */
async function startCollector(): Promise<Collector> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => (body += part));
    request.on("end", () => {
      const parsed = requestForm.safeParse(JSON.parse(body));
      const isOtlp = request.url === "/v1/traces" && request.headers["content-type"] === "application/json";
      if (!parsed.success || !isOtlp) {
        collector.wrong.push(parsed.error?.message ?? `${request.url}`);
        answerWith(400)(response);
        return;
      }
      collector.answer(response);
      if (response.statusCode === 200 && response.writableEnded)
        collector.taken.push({ headers: request.headers, request: parsed.data });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    taken: [],
    wrong: [],
    answer: answerWith(200),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return collector;
}

async function withCollector(use: (collector: Collector) => Promise<void>): Promise<void> {
  const collector = await startCollector();
  try {
    await use(collector);
    assert.equal(collector.wrong, []);
  } finally {
    await collector.close();
  }
}

const settingsOf = (url: string, more: Readonly<Record<string, unknown>> = {}): SinkSettings => ({
  name: "spans",
  type: "traces",
  url,
  sample: 1,
  slow: 60_000,
  headers: {},
  timeout: 1_000,
  records: ["result", "gap"],
  from: "now",
  batch: 100,
  linger: 0,
  ...more,
});

const spansIn = ({ request }: Received): readonly Span[] =>
  request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));

function attributeOf({ attributes: those }: Pick<Span, "attributes">, key: string): string | undefined {
  const found = those.find((attribute) => attribute.key === key)?.value;
  if (found === undefined) return undefined;
  return "stringValue" in found ? found.stringValue : "intValue" in found ? found.intValue : undefined;
}

const positionsOf = (received: readonly Received[]): readonly number[] =>
  received
    .flatMap(spansIn)
    .filter(({ parentSpanId }) => parentSpanId === undefined)
    .map((root) => Number(attributeOf(root, "sluice.position")));

for (const [how, answer] of [
  ["that answers 503", answerWith(503)],
  ["that never answers", () => {}],
  ["that begins to answer and stalls", (response: ServerResponse) => void response.writeHead(200).write("{")],
] as const) {
  sinkContract(`to a collector of traces ${how}`, async () => {
    const collector = await startCollector();
    return {
      settings: settingsOf(collector.url),
      positions: async () => {
        assert.equal(collector.wrong, []);
        return positionsOf(collector.taken);
      },
      setDown: async (isDown) => void (collector.answer = isDown ? answer : answerWith(200)),
      close: () => collector.close(),
    };
  });
}

const SAMPLING = { sample: 0, slowMs: 1_000 };

function placed(spec: Parameters<typeof newRecord>[0], more: object = {}): TracedRecord {
  const record = { ...placeRecord(newRecord(spec), spec.sequence), ...more };
  if (record.type === "closed") throw new Error("it is no task");
  return record;
}

test("a task becomes the spans of its traceparent: source, each stage with transfer, queue and execute on its node, store", () =>
  withCollector(async (collector) => {
    const outlet = createTracesOutlet({
      url: collector.url,
      sample: 1,
      slowMs: 1_000,
      headers: { "x-tenant": "site" },
      timeoutMs: 5_000,
      cluster: { name: "my site", id: "c0ffee", hub: "cloud" },
      log: silentLogger,
      now: () => 0,
    });
    const { hops = [] } = newRecord({ sequence: 0 }) as { readonly hops?: readonly object[] };
    // Sent by a clock that is ahead, so that it came before it was sent.
    const [motion, ...others] = hops.map((hop) => ({ ...hop, sentAtMs: NOW_MS - 29.5 }));
    const record = placed({ sequence: 7 }, { hops: [motion, ...others.slice(0, 0)] });
    await outlet.deliver([record]);
    await outlet.deliver([record]);
    await outlet.close();
    const [first, second] = collector.taken;
    assert.is(first?.headers["x-tenant"], "site");
    const spans = first === undefined ? [] : spansIn(first);
    const byName = new Map(spans.map((one) => [one.name, one]));
    assert.equal([...byName.keys()].toSorted(), [
      "execute",
      "queue",
      "source",
      "stage motion",
      "store",
      "task of cam-1",
      "transfer",
    ]);
    assert.equal(new Set(spans.map(({ traceId }) => traceId)), new Set(["4bf92f3577b34da6a3ce929d0e0e4736"]));
    const root = "00f067aa0ba902b7";
    const stage = byName.get("stage motion")?.spanId;
    assert.equal(
      ["task of cam-1", "source", "store", "stage motion", "transfer", "queue", "execute"].map(
        (name) => byName.get(name)?.parentSpanId,
      ),
      [undefined, root, root, root, stage, stage, stage],
    );
    assert.is(byName.get("task of cam-1")?.spanId, root);
    assert.is(new Set(spans.map(({ spanId }) => spanId)).size, spans.length);
    const tookUs = (name: string): number => {
      const { startTimeUnixNano = "0", endTimeUnixNano = "0" } = byName.get(name) ?? {};
      return Number((BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1_000n);
    };
    assert.equal(
      ["task of cam-1", "source", "transfer", "queue", "execute", "store"].map(tookUs),
      [50_125, 10_125, 0, 10_000, 10_000, 10_000],
    );
    assert.is(byName.get("task of cam-1")?.endTimeUnixNano, `${NOW_MS}000000`);
    const nodes = first?.request.resourceSpans.map(({ resource, scopeSpans }) => [
      attributeOf(resource, "service.instance.id"),
      scopeSpans.flatMap((scope) => scope.spans).length,
    ]);
    assert.equal(nodes, [
      ["cloud", 3],
      ["edge-1", 4],
    ]);
    // Once more is the same again: whoever keeps spans by their ids has each once.
    assert.equal(second?.request, first?.request);
  }));

test("what is dropped or slow is kept whatever the sample, a drop as an error under ids of its own; the rest is kept by its trace", () =>
  withCollector(async (collector) => {
    const store = new MemoryStore();
    await store.append([
      newRecord({ sequence: 0 }),
      newRecord({ sequence: 1, gap: true }),
      { ...newRecord({ sequence: 2 }), sourceAtMs: NOW_MS - 2_000 } as ReturnType<typeof newRecord>,
      newRecord({ sequence: 3 }),
    ]);
    await withSinks(store, async ({ sinks }) => {
      await sinks.use([settingsOf(collector.url, { sample: 0, slow: 1_000, from: "beginning" })]);
      await until("all", () => sinks.reports()[0]?.nextPosition === 4);
      assert.is(sinks.reports()[0]?.delivered, 2);
    });
    assert.equal(positionsOf(collector.taken), [1, 2]);
    const drop = collector.taken.flatMap(spansIn).find(({ status }) => status !== undefined);
    assert.equal(drop?.status, { code: 2, message: "poison: Späte Aufgabe, 🎥 verworfen" });
    assert.is(attributeOf(drop ?? { attributes: [] }, "sluice.drop.reason"), "poison");

    let state = 7;
    const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
    const tasks = Array.from({ length: 4_000 }, (_, sequence) =>
      placed({ sequence }, { traceparent: createTraceparent(random) }),
    );
    const keptOf = (sample: number): number =>
      tasks.filter((task) => keptAs(task, { ...SAMPLING, sample }) === "sampled").length;
    assert.equal([keptOf(0), keptOf(1)], [0, 4_000]);
    assert.ok(Math.abs(keptOf(0.25) - 1_000) < 120, `${keptOf(0.25)} of 4,000`);
    const unsampled = placed({ sequence: 0 }, { traceparent: `00-${"4b".repeat(16)}-00f067aa0ba902b7-00` });
    assert.is(keptAs(unsampled, { ...SAMPLING, sample: 1 }), null);
  }));

test("a collector that rejects spans in part is not sent them again; a header comes from its secret, and one that is none is refused without its text", () =>
  withCollector(async (collector) => {
    const [told, log] = [[] as unknown[], { ...silentLogger }];
    log.warn = (_, details) => void told.push(details);
    const rejecting = JSON.stringify({ partialSuccess: { rejectedSpans: "3", errorMessage: "too old" } });
    collector.answer = answerWith(200, rejecting);
    const outlet = createTracesOutlet({
      url: collector.url,
      sample: 1,
      slowMs: 1_000,
      headers: {},
      timeoutMs: 5_000,
      cluster: { name: "a", id: "b", hub: parseNodeName("cloud") },
      log,
      now: () => 0,
    });
    await outlet.deliver([placed({ sequence: 0 })]);
    await outlet.deliver([placed({ sequence: 1 })]);
    await outlet.close();
    const { host } = new URL(collector.url);
    assert.equal(told, [{ collector: host, spans: 3, error: "too old" }]);
    assert.equal(positionsOf(collector.taken), [0, 1]);

    collector.answer = answerWith(200);
    const store = new MemoryStore();
    const headers = (name: string): Readonly<Record<string, unknown>> => ({
      headers: { authorization: { env: name } },
      from: "beginning",
    });
    await store.append(secondly(0, 1));
    await withSinks(
      store,
      async ({ sinks }) => {
        const refused: unknown = await sinks
          .use([settingsOf(collector.url, headers("BROKEN"))])
          .catch((why: unknown) => why);
        assert.match(String(refused), /header "authorization" of sink "spans"/);
        assert.not.match(String(refused), /hidden/);
        await sinks.use([settingsOf(collector.url, headers("TOKEN"))]);
        await until("one", () => collector.taken.length === 3);
      },
      { BROKEN: "hidden\nx: y", TOKEN: "Bearer abc" },
    );
    assert.is(collector.taken[2]?.headers.authorization, "Bearer abc");
  }));

test.run();
