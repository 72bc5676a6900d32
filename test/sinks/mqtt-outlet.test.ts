import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { Aedes } from "aedes";
import * as assert from "uvu/assert";
import { createFrigateMessages } from "../../src/sinks/frigate-messages.js";
import { onvifMessages } from "../../src/sinks/onvif-messages.js";
import type { SinkSettings } from "../../src/sinks/sink-settings.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { placeRecord, type NewRecord } from "../../src/storage/results/store.js";
import type { StoredRecord } from "../../src/task/record.js";
import type { Detection } from "../../src/task/service.js";
import { secondly, sinkContract, until, withSinks } from "../contract/sink.js";
import { newRecord, NOW_MS } from "../support/records.js";
import { test } from "../support/test.js";

interface Message {
  readonly topic: string;
  readonly payload: string;
}

interface Broker {
  readonly url: string;
  readonly messages: Message[];
  /** It takes no connection, and has none. */
  setDown(isDown: boolean): Promise<void>;
  close(): Promise<void>;
}

/** @param password asked for where it is given, of the user `sluice` */
async function startBroker(password: string | null = null): Promise<Broker> {
  const messages: Message[] = [];
  const aedes = await Aedes.createBroker({
    authenticate(_client, user, given, done) {
      const isKnown = password === null || (user === "sluice" && given?.toString() === password);
      done(isKnown ? null : Object.assign(new Error("who are you"), { returnCode: 4 }), isKnown);
    },
  });
  aedes.on("publish", ({ topic, payload }, client) => {
    if (client !== null) messages.push({ topic, payload: payload.toString() });
  });
  const sockets = new Set<{ destroy(): void }>();
  let isDown = false;
  const server: Server = createServer((socket) => {
    if (isDown) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hangUp = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    async setDown(down) {
      isDown = down;
      if (down) hangUp();
    },
    async close() {
      hangUp();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
}

const settingsOf = (url: string, profile: "onvif-mj" | "frigate/events"): SinkSettings => ({
  name: "home",
  type: "mqtt",
  url,
  profile,
  timeout: 5_000,
  records: ["result", "gap", "closed"],
  from: "now",
  batch: 100,
  linger: 0,
});

sinkContract("to an MQTT broker", async () => {
  const broker = await startBroker();
  return {
    settings: settingsOf(broker.url, "onvif-mj"),
    async positions() {
      // The first of the two frames of the record at N left its source N seconds after, less 50.125 ms.
      return broker.messages
        .map(
          ({ payload }) =>
            (Date.parse((JSON.parse(payload) as { UtcTime: string }).UtcTime) - NOW_MS + 51) / 1_000,
        )
        .filter((second) => second % 1 < 0.05)
        .map(Math.floor);
    },
    setDown: (isDown) => broker.setDown(isDown),
    close: () => broker.close(),
  };
});

test("an MQTT sink signs in with a password of the environment, and is down with a wrong one", async () => {
  const broker = await startBroker("s3cret");
  const store = new MemoryStore();
  try {
    const settings = { ...settingsOf(broker.url, "onvif-mj"), user: "sluice", from: "beginning" } as const;
    await store.append(secondly(0, 1));
    const environment = { RIGHT: "s3cret", WRONG: "guess" };
    await withSinks(
      store,
      async ({ sinks, events }) => {
        await sinks.use([{ ...settings, password: { env: "WRONG" } } as SinkSettings]);
        await until("that it is down", () => events.length > 0);
        assert.match(JSON.stringify(events), /sinkDown.*Cannot publish to .*127/);
        assert.not.match(JSON.stringify(events), /guess/);
        await sinks.use([{ ...settings, password: { env: "RIGHT" } } as SinkSettings]);
        await until("a message", () => broker.messages.length === 2);
      },
      environment,
    );
  } finally {
    await broker.close();
  }
});

const BOX: Detection = { x: 0.5, y: 0, width: 0.25, height: 0.5, score: 0.9, label: "person", trackId: 7 };

/** A result of one stage, of one frame. */
function seen(atMs: number, ...detections: readonly Detection[]): StoredRecord {
  const record = newRecord({ sequence: 0 }) as Extract<NewRecord, { type: "result" }>;
  return placeRecord(
    {
      ...record,
      sourceAtMs: atMs,
      framePtsUs: [0],
      results: { tracking: { type: "tracks", frames: [detections] } },
    },
    0,
  );
}

test("onvifMessages says a frame with its objects from -1 to 1, y upwards, and one where nothing is", () => {
  const [message] = onvifMessages(seen(NOW_MS, BOX), "site");
  assert.is(message?.topic, "site/onvif-mj/VideoAnalytics/cam-1/tracking");
  assert.equal(JSON.parse(message?.payload ?? ""), {
    UtcTime: "2023-11-14T22:13:20.000Z",
    Object: [
      {
        ObjectId: "7",
        Appearance: {
          Shape: {
            BoundingBox: { left: 0, top: 1, right: 0.5, bottom: 0 },
            CenterOfGravity: { x: 0.25, y: 0.5 },
          },
          Class: { Type: "person", Likelihood: 0.9 },
        },
      },
    ],
  });
  const [empty] = onvifMessages(seen(NOW_MS), "site");
  assert.equal(JSON.parse(empty?.payload ?? ""), { UtcTime: "2023-11-14T22:13:20.000Z", Object: [] });
});

interface FrigateEvent {
  readonly type: string;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
}

test("createFrigateMessages says of an object new, update at most once a second, and one end", () => {
  const messages = createFrigateMessages("frigate");
  const told: FrigateEvent[] = [];
  const tell = (record: StoredRecord): void => {
    for (const { topic, payload } of messages(record)) {
      assert.is(topic, "frigate/events");
      told.push(JSON.parse(payload) as FrigateEvent);
    }
  };
  for (const atMs of [0, 200, 400, 1_000, 1_200])
    tell(seen(NOW_MS + atMs, { ...BOX, score: 0.5 + atMs / 10_000 }));
  tell(seen(NOW_MS + 3_000));
  assert.equal(
    told.map(({ type }) => type),
    ["new", "update"],
  );
  tell(seen(NOW_MS + 6_300));
  tell(seen(NOW_MS + 12_000));
  assert.equal(
    told.map(({ type }) => type),
    ["new", "update", "end"],
  );
  const [first, second, last] = told;
  assert.equal(first?.after["box"], [320, 0, 480, 180]);
  assert.equal(
    [first?.after["label"], first?.after["camera"], first?.after["end_time"]],
    ["person", "cam-1", null],
  );
  assert.equal(second?.before, first?.after);
  assert.is(last?.after["end_time"], (NOW_MS + 1_200) / 1_000);
  assert.is(new Set(told.map(({ after }) => after["id"])).size, 1);
});

test("createFrigateMessages ends what is there as the incarnation of its source ends, and bounds what it remembers", () => {
  const messages = createFrigateMessages("frigate");
  const many = Array.from({ length: 300 }, (_, index) => ({ ...BOX, trackId: index + 1 }));
  const types = messages(seen(NOW_MS, ...many)).map(
    ({ payload }) => (JSON.parse(payload) as FrigateEvent).type,
  );
  assert.equal(
    [types.filter((type) => type === "new").length, types.filter((type) => type === "end").length],
    [300, 44],
  );
  const closed: StoredRecord = {
    type: "closed",
    position: 1,
    id: seen(0).id,
    storedAtMs: NOW_MS,
  } as never;
  assert.is(messages(closed).length, 256);
  assert.is(messages(closed).length, 0);
});

test.run();
