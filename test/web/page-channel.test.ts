import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import type { NodesReported } from "../../src/actors/protocol/scheduler.js";
import { parsePageJson, type PageMessage, type PageRequest } from "../../src/web/page-protocol.js";
import { test } from "../support/test.js";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import { systemClock } from "../../src/runtime/clock.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem } from "../../src/runtime/system.js";
import { createWsCarrier } from "../../src/transport/carriers/ws.js";
import { joinCluster } from "../../src/transport/cluster/joiner.js";
import { withWebHub } from "../support/web-hub.js";
import { within } from "../support/within.js";

interface Page {
  readonly messages: readonly PageMessage[];
  send(request: PageRequest): void;
  sendText(text: string): void;
  /** The first message that matches, also one that has come. */
  heard<Found extends PageMessage>(matches: (message: PageMessage) => message is Found): Promise<Found>;
  readonly closed: Promise<string>;
  close(): void;
}

const JSON_TYPE = { "content-type": "application/json" };

async function signIn(url: string, proof: object, headers: Record<string, string> = {}) {
  const body = JSON.stringify(proof);
  return fetch(`${url}/session`, {
    method: "POST",
    headers: { origin: url, ...JSON_TYPE, ...headers },
    body,
  });
}

const cookieOf = (response: Response): string =>
  (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";

/** @returns the page, or the status with which it was refused */
async function openPage(url: string, headers: Record<string, string>): Promise<Page | number> {
  const socket = new WebSocket(url.replace(/^http/, "ws"), "sluice.page.v1", { headers });
  const messages: PageMessage[] = [];
  const looks = new Set<() => void>();
  socket.on("message", (data: Buffer) => {
    messages.push(parsePageJson(data.toString("utf8")));
    for (const look of looks) look();
  });
  const closed = new Promise<string>((resolve) => {
    socket.on("close", (_, reason) => resolve(reason.toString()));
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    socket.on("open", () => resolve(null));
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
    socket.on("error", reject);
  });
  if (status !== null) {
    socket.on("error", () => {});
    socket.terminate();
    return status;
  }
  return {
    messages,
    closed: within(20_000, closed, "the end of the page"),
    send: (request) => socket.send(Buffer.from(JSON.stringify(request))),
    sendText: (text) => socket.send(Buffer.from(text)),
    heard<Found extends PageMessage>(matches: (message: PageMessage) => message is Found) {
      const found = new Promise<Found>((resolve) => {
        const look = (): void => {
          const first = messages.find(matches);
          if (first !== undefined) resolve(first);
        };
        looks.add(look);
        look();
      });
      return within(20_000, found, "a message to the page");
    },
    close: () => socket.close(),
  };
}

async function signedIn(url: string, proof: object): Promise<Page> {
  const response = await signIn(url, proof);
  assert.is(response.status, 200);
  const page = await openPage(url, { origin: url, cookie: cookieOf(response) });
  if (typeof page === "number") throw new Error(`refused with ${page}`);
  return page;
}

interface Asked {
  readonly type: string;
  readonly replyTo: ActorRef<unknown>;
}

const answerTo =
  (id: number) =>
  (message: PageMessage): message is Extract<PageMessage, { type: "reply" | "failed" }> =>
    (message.type === "reply" || message.type === "failed") && message.id === id;
const SCHEDULER = "sluice://cloud/scheduler";

test("a browser that has signed in asks actors as an operator does, and watches the cluster and its events", () =>
  withWebHub({}, async ({ web, url }) => {
    const page = await signedIn(url, { code: web.newCode() });
    const hello = await page.heard((message) => message.type === "hello");
    assert.equal(
      { ...hello },
      { type: "hello", hub: "cloud", cluster: "sluice", version: "", role: "operator" },
    );
    page.send({ type: "ask", id: 7, to: SCHEDULER, message: { type: "reportNodes" } });
    const reply = await page.heard(answerTo(7));
    if (reply.type !== "reply") throw new Error(reply.problem);
    assert.equal(
      (reply.message as NodesReported).nodes.map(({ description }) => description.name),
      ["cloud"],
    );
    page.send({ type: "watch", watch: { topic: "cluster" } });
    page.send({ type: "watch", watch: { topic: "events" } });
    const snapshot = await page.heard((message) => message.type === "cluster");
    assert.equal(Object.keys(snapshot.ledgers), ["cloud"]);
    await page.heard((message) => message.type === "events");
    page.close();
  }));

test("a page tells nobody what an operator may not, on this node or another", () =>
  withWebHub({}, async ({ hub, web, url }) => {
    const page = await signedIn(url, { code: web.newCode() });
    const denied: readonly (readonly [string, Record<string, unknown>])[] = [
      [SCHEDULER, { type: "removeNode", node: "cloud" }],
      [SCHEDULER, { type: "tableInstalled", node: "cloud", epoch: 1 }],
      ["sluice://cloud/controller", { type: "installTable", table: {} }],
      ["sluice://cloud/distributor", { type: "store", task: {} }],
      [
        "sluice://cloud/agent",
        {
          type: "watchPictures",
          sourceId: "gate",
          look: { fps: 1, widthMax: 320, forMs: 1_000 },
          watcher: {},
        },
      ],
      ["sluice://edge-1/controller", { type: "abandon" }],
      ["sluice://cloud/guardian", { type: "spawn", name: "anything" }],
      ["sluice://cloud/outcome-listener", { type: "taskSettled" }],
      [SCHEDULER, { type: "constructor" }],
      [SCHEDULER, { type: "setPolicy", sourceId: "gate" }],
    ];
    for (const [index, [to, message]] of denied.entries()) {
      page.send({ type: "ask", id: index, to, message });
      const answer = await page.heard(answerTo(index));
      assert.is(
        answer.type === "failed" && answer.code,
        "permission-denied",
        `${to} ${String(message["type"])}`,
      );
    }
    const { security = {} } = hub.cluster ?? {};
    assert.is((security["page-denied"] ?? 0) + (security["page-malformed"] ?? 0), denied.length);
    page.close();
  }));

test("a viewer sees what an operator sees, and orders nothing: not by the page, not as a node, not over HTTP", () =>
  withWebHub({}, async ({ hub, tokens, url }) => {
    const token = tokens.create({ roles: ["viewer"], grants: [], expiresAtMs: Date.now() + 60_000 });
    const page = await signedIn(url, { token });
    assert.is((await page.heard((message) => message.type === "hello")).role, "viewer");
    for (const topic of ["cluster", "events"] as const) page.send({ type: "watch", watch: { topic } });
    await page.heard((message) => message.type === "cluster");
    await page.heard((message) => message.type === "events");
    const policy = { name: "edge-only", parameters: {} };
    const pipeline = { text: "pipeline: p", name: "p.yaml" };
    const attempts: readonly (readonly [string, Record<string, unknown>, boolean])[] = [
      [SCHEDULER, { type: "reportNodes" }, true],
      [SCHEDULER, { type: "reportTable" }, true],
      [SCHEDULER, { type: "reportSources" }, true],
      [SCHEDULER, { type: "reportPolicies" }, true],
      [SCHEDULER, { type: "reportChanges", sourceId: "gate", sinceMs: 0 }, true],
      ["sluice://cloud/agent", { type: "reportSources" }, true],
      ["sluice://cloud/agent", { type: "reportActors" }, true],
      ["sluice://cloud/agent", { type: "reportDeadLetters" }, false],
      ["sluice://cloud/agent", { type: "reportPipeline", sourceId: "gate" }, false],
      ["sluice://cloud/distributor", { type: "reportTotals" }, true],
      ["sluice://cloud/distributor", { type: "query", query: {} }, true],
      ["sluice://cloud/alarms", { type: "reportAlarms" }, true],
      ["sluice://cloud/alarms", { type: "acknowledgeAlarms", alarm: "slow" }, false],
      [SCHEDULER, { type: "setPolicy", sourceId: "gate", policy }, false],
      [SCHEDULER, { type: "pauseSource", sourceId: "gate", reason: "" }, false],
      [SCHEDULER, { type: "continueSource", sourceId: "gate" }, false],
      [SCHEDULER, { type: "configureSource", sourceId: "gate", knobs: null }, false],
      [SCHEDULER, { type: "removeSource", sourceId: "gate" }, false],
      [SCHEDULER, { type: "freeVersion", pipelineId: "p", version: 1 }, false],
      [SCHEDULER, { type: "reloadPolicies" }, false],
      ["sluice://cloud/agent", { type: "drain" }, false],
      ["sluice://cloud/agent", { type: "drainSource", sourceId: "gate" }, false],
      ["sluice://cloud/agent", { type: "movePipeline", sourceId: "gate", pipeline }, false],
      ["sluice://cloud/agent", { type: "freeName", name: "edge-1" }, false],
      ["sluice://cloud/guardian", { type: "spawn", behaviour: "x", args: 1, options: { name: "a" } }, false],
    ];
    for (const [id, [to, message, allowed]] of attempts.entries()) {
      page.send({ type: "ask", id, to, message });
      const answer = await page.heard(answerTo(id));
      const got = answer.type === "reply" ? "answered" : answer.code;
      assert.is(got, allowed ? "answered" : "permission-denied", String(message["type"]));
    }
    page.close();
    for (const roles of [["operator"], ["edge"], ["cloud"], []] as const) {
      const system = createActorSystem({ name: "intruder", log: silentLogger });
      const joined = await joinCluster(system, {
        carrier: createWsCarrier({ clock: systemClock }),
        connect: { url: hub.cluster?.url ?? "" },
        token,
        roles,
      }).then(
        () => "joined",
        () => "refused",
      );
      assert.is(joined, "refused", roles.join());
      await system.terminate();
    }
  }));

test("what is no request of a page ends it", () =>
  withWebHub({}, async ({ web, url }) => {
    for (const text of [
      "",
      "{",
      "[]",
      '{"type":"ask"}',
      '{"type":"watch","watch":{"topic":"all"}}',
      '{"type":"watch","watch":{"topic":"pictures","looks":[{"source":"gate","fps":1000,"widthMax":320}]}}',
      "\u0000",
    ]) {
      const page = await signedIn(url, { code: web.newCode() });
      page.sendText(text);
      assert.is(await page.closed, "That is no request of a page");
    }
  }));

test("a page of somebody else's opens nothing and signs nobody in, with the right cookie or code", () =>
  withWebHub({}, async ({ web, url }) => {
    const response = await signIn(url, { code: web.newCode() });
    const cookie = cookieOf(response);
    const attributes = response.headers.get("set-cookie") ?? "";
    for (const wanted of ["HttpOnly", "SameSite=Strict", "Path=/"]) assert.ok(attributes.includes(wanted));
    const port = new URL(url).port;
    for (const headers of [
      { cookie },
      { cookie, origin: "http://evil.example" },
      { cookie, origin: "null" },
      { cookie, origin: `https://127.0.0.1:${port}` },
      { cookie, origin: `http://rebound.example:${port}`, host: `rebound.example:${port}` },
      { origin: url },
      { origin: url, cookie: "sluice_session=" },
      { origin: url, cookie: `${cookie}x` },
    ] as Record<string, string>[]) {
      assert.is(await openPage(url, headers), 400, JSON.stringify(headers));
    }
    const code = web.newCode();
    assert.is((await signIn(url, { code }, { origin: "http://evil.example" })).status, 403);
    assert.is((await signIn(url, { code }, { "x-forwarded-for": "10.0.0.1" })).status, 403);
    assert.is((await signIn(url, { code: 7 })).status, 400);
    assert.is((await signIn(url, { code: "x".repeat(2_000) })).status, 400);
    assert.is((await signIn(url, { code })).status, 200);
  }));

test("a page is closed when its token is revoked, and when it signs out", () =>
  withWebHub({}, async ({ tokens, web, url }) => {
    const expiresAtMs = Date.now() + 60_000;
    const token = tokens.create({ roles: ["operator"], grants: [], expiresAtMs });
    const page = await signedIn(url, { token });
    tokens.revoke(token.slice(0, token.indexOf(".")));
    assert.is(await page.closed, "The session is over: sign in again");
    const response = await signIn(url, { code: web.newCode() });
    const cookie = cookieOf(response);
    const other = await openPage(url, { origin: url, cookie });
    if (typeof other === "number") throw new Error("refused");
    const signedOut = await fetch(`${url}/session`, { method: "DELETE", headers: { origin: url, cookie } });
    assert.match(signedOut.headers.get("set-cookie") ?? "", /Max-Age=0/);
    assert.is(await other.closed, "The session is over: sign in again");
    assert.is(await openPage(url, { origin: url, cookie }), 400);
  }));

test("so many pages are open at a time, and one more is told so", () =>
  withWebHub({}, async ({ hub, web, url }) => {
    const cookie = cookieOf(await signIn(url, { code: web.newCode() }));
    const open = async (): Promise<Page> => {
      const page = await openPage(url, { origin: url, cookie });
      if (typeof page === "number") throw new Error(`refused with ${page}`);
      return page;
    };
    const pages: Page[] = [];
    for (let n = 0; n < 32; n += 1) pages.push(await open());
    assert.is(await (await open()).closed, "Too many pages are open: close one");
    assert.is(hub.cluster?.security["page-too-many"], 1);
    pages[0]?.close();
    await pages[0]?.closed;
    const late = await open();
    await late.heard((message) => message.type === "hello");
    for (const page of [...pages, late]) page.close();
  }));

test("what another node answers a page is an answer to what was asked, or a failure", () =>
  withWebHub({}, async ({ hub, tokens, web, url }) => {
    const system = createActorSystem({ name: "edge-9", log: silentLogger });
    const token = tokens.create({ roles: ["edge"], grants: [], expiresAtMs: Date.now() + 60_000 });
    const cluster = await joinCluster(system, {
      carrier: createWsCarrier({ clock: systemClock }),
      connect: { url: hub.cluster?.url ?? "" },
      token,
      roles: ["edge"],
    });
    const answers = [{ type: "done", more: "x".repeat(100) }, { $map: [1] }, "done", { type: "done" }];
    const agent = {
      start: () => 0,
      receive(state: number, { type, replyTo }: Asked) {
        // The hub asks it what it runs, too.
        if (type !== "drainSource") return state;
        replyTo.tell(answers[state]);
        return state + 1;
      },
    };
    system.spawn(agent, { name: "agent" });
    const page = await signedIn(url, { code: web.newCode() });
    const heard: string[] = [];
    for (const [id] of answers.entries()) {
      const message = { type: "drainSource", sourceId: "gate" };
      page.send({ type: "ask", id, to: "sluice://edge-9/agent", message });
      const answer = await page.heard(answerTo(id));
      heard.push(answer.type === "failed" ? answer.code : JSON.stringify(answer.message));
    }
    assert.equal(heard, ['{"type":"done"}', "reply-invalid", "reply-invalid", '{"type":"done"}']);
    page.close();
    await cluster.leave();
    await system.terminate();
  }));

test.run();
