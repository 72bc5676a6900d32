import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import type { SinkSettings } from "../../src/sinks/sink-settings.js";
import { DeliveryError } from "../../src/sinks/outlet.js";
import { signBody } from "../../src/sinks/post-events.js";
import { createWebhookOutlet } from "../../src/sinks/webhook-outlet.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { placeRecord } from "../../src/storage/results/store.js";
import type { StoredRecord } from "../../src/task/record.js";
import { secondly, sinkContract, until, withSinks } from "../contract/sink.js";
import { newRecord } from "../support/records.js";
import { test } from "../support/test.js";

interface Received {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What it does with a request, by the positions in it. */
type Answer = (response: ServerResponse, positions: readonly number[]) => void;

interface Hook {
  readonly url: string;
  readonly taken: Received[];
  answer: Answer;
  close(): Promise<void>;
}

const positionsOf = (body: string): readonly number[] =>
  (JSON.parse(body) as readonly { readonly data: StoredRecord }[]).map(({ data }) => data.position);

const OK: Answer = (response) => void response.writeHead(204).end();
const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end("no");
/** Takes the request and never answers. */
const STALL: Answer = () => {};

async function startHook(): Promise<Hook> {
  const server: Server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => (body += part));
    request.on("end", () => {
      hook.answer(response, positionsOf(body));
      if (response.statusCode < 300 && response.writableEnded)
        hook.taken.push({ headers: request.headers, body });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hook: Hook = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=hidden`,
    taken: [],
    answer: OK,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return hook;
}

const settingsOf = (url: string): SinkSettings => ({
  name: "hook",
  type: "webhook",
  url,
  timeout: 2_000,
  records: ["result", "gap", "closed"],
  from: "now",
  batch: 100,
  linger: 0,
});

for (const [how, answer] of [
  ["that answers 500", status(500)],
  ["that never answers", STALL],
  ["that hangs up", (response: ServerResponse) => void response.destroy()],
  ["that sends elsewhere", status(307, { location: "http://127.0.0.1:1/" })],
] as const) {
  sinkContract(`to a webhook ${how}`, async () => {
    const hook = await startHook();
    return {
      settings: { ...settingsOf(hook.url), timeout: 1_000 } as SinkSettings,
      positions: async () => hook.taken.flatMap(({ body }) => positionsOf(body)),
      setDown: async (isDown) => void (hook.answer = isDown ? answer : OK),
      close: () => hook.close(),
    };
  });
}

async function withHook(use: (hook: Hook) => Promise<void>): Promise<void> {
  const hook = await startHook();
  try {
    await use(hook);
  } finally {
    await hook.close();
  }
}

test("a webhook gets CloudEvents 1.0 in a batch, with an id that is the same whenever it comes, and signed", () =>
  withHook(async (hook) => {
    const cluster = { name: "my site", id: "c0ffee" };
    const outlet = createWebhookOutlet({
      url: hook.url,
      secret: "s3cret",
      cluster,
      timeoutMs: 5_000,
      now: () => 1_700_000_000_500,
    });
    const records = [newRecord({ sequence: 0 }), newRecord({ sequence: 1, gap: true })].map(placeRecord);
    await outlet.deliver(records);
    await outlet.close();
    const [{ headers, body } = { headers: {}, body: "" }] = hook.taken;
    assert.match(headers["content-type"] ?? "", /^application\/cloudevents-batch\+json/);
    assert.is(headers["sluice-signature"], `t=1700000000,v1=${signBody(body, "s3cret", 1_700_000_000)}`);
    const events = JSON.parse(body) as readonly Readonly<Record<string, unknown>>[];
    assert.equal(
      events.map((event) => Object.fromEntries(Object.entries(event).filter(([name]) => name !== "data"))),
      ["result", "gap"].map((type, position) => ({
        specversion: "1.0",
        id: `c0ffee-${position}`,
        source: "/sluice/my%20site/cam-1",
        type: `sluice.${type}`,
        subject: "cam-1",
        time: "2023-11-14T22:13:20.000Z",
        datacontenttype: "application/json",
      })),
    );
    assert.equal(
      events.map(({ data }) => data),
      JSON.parse(JSON.stringify(records)),
    );
  }));

test("what a webhook says of itself names no path and no secret", () =>
  withHook(async (hook) => {
    hook.answer = status(503, { "retry-after": "7" });
    const { url } = hook;
    const outlet = createWebhookOutlet({
      url,
      secret: "s3cret",
      cluster: { name: "a", id: "b" },
      timeoutMs: 5_000,
      now: Date.now,
    });
    const error: unknown = await outlet
      .deliver([placeRecord(newRecord({ sequence: 0 }), 0)])
      .catch((why: unknown) => why);
    assert.instance(error, DeliveryError);
    const { message, retryAfterMs, isFinal } = error as DeliveryError;
    assert.match(message, /^"127\.0\.0\.1:\d+" answered 503$/);
    assert.equal([retryAfterMs, isFinal], [7_000, false]);
  }));

test("a record that a webhook will never take is passed over and told, and the others of its batch go on", () =>
  withHook(async (hook) => {
    hook.answer = (response, positions) => (positions.includes(3) ? status(400) : OK)(response, positions);
    const store = new MemoryStore();
    await store.append(secondly(0, 8));
    await withSinks(store, async ({ sinks, events }) => {
      await sinks.use([{ ...settingsOf(hook.url), from: "beginning" }]);
      await until("the rest", () => hook.taken.flatMap(({ body }) => positionsOf(body)).length === 7);
      assert.equal(
        events.map((event) => [event.type, "position" in event ? event.position : null]),
        [["sinkRefused", 3]],
      );
      assert.is(sinks.reports()[0]?.refused, 1);
    });
    assert.equal(
      hook.taken.flatMap(({ body }) => positionsOf(body)),
      [0, 1, 2, 4, 5, 6, 7],
    );
  }));

test("a sink whose secret is missing changes nothing, and the text does not hold one", () =>
  withHook(async (hook) => {
    const store = new MemoryStore();
    await withSinks(
      store,
      async ({ sinks }) => {
        await sinks.use([{ ...settingsOf(hook.url), secret: { env: "HOOK" } } as SinkSettings]);
        const refused: unknown = await sinks
          .use([{ ...settingsOf(hook.url), secret: { env: "OTHER" } } as SinkSettings])
          .catch((why: unknown) => why);
        assert.match(String(refused), /the variable OTHER is not set/);
        assert.is(sinks.reports().length, 1);
      },
      { HOOK: "s3cret" },
    );
  }));

test.run();
