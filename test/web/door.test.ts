import { createServer, request, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer, request as tlsRequest } from "node:https";
import { connect, type AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/runtime/clock.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createMemoryTokens } from "../../src/transport/security/memory-tokens.js";
import { MemoryBudget } from "../../src/runtime/memory-budget.js";
import { plainAnswer } from "../../src/web/answer.js";
import { createDoor, getRoute, type Door, type Routes } from "../../src/web/door.js";
import { hubOf } from "../support/door-hub.js";
import { makeCertificate } from "../support/certificates.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { test } from "../support/test.js";
import { within } from "../support/within.js";

interface Response {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: string;
}

async function serving<Result>(
  door: Door,
  use: (ask: (path: string, asked?: Asked) => Promise<Response>) => Promise<Result>,
  server: Server = createServer((asked, response) => door.handle(asked, response, () => {})),
): Promise<Result> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ask = (path: string, { method = "GET", headers = {}, tls }: Asked = {}): Promise<Response> =>
    new Promise((resolve, reject) => {
      const common = { port, path, method, headers, agent: false };
      const sent =
        tls === undefined
          ? request({ ...common, host: "127.0.0.1" })
          : tlsRequest({ ...common, host: "127.0.0.1", servername: "localhost", ca: tls });
      sent.on("error", reject).on("response", (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      });
      sent.end();
    });
  try {
    return await use(ask);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  }
}

const ROUTES: Routes = new Map([
  ["/open", getRoute(() => plainAnswer(200, "for all"))],
  ["/closed", getRoute(() => plainAnswer(200, "for few"), "operators")],
]);

function opened(tokens: Parameters<typeof createDoor>[0]["tokens"], log = silentLogger): Door {
  const door = createDoor({ tokens, clock: systemClock, log });
  door.open(ROUTES, hubOf());
  return door;
}

test("a path that is listed is answered, and nothing else, however it is written", () =>
  serving(opened(null), async (ask) => {
    const open = await ask("/open?x=../../etc/passwd");
    assert.is(open.status, 200);
    assert.is(open.body, "for all\n");
    assert.is(open.headers["cache-control"], "no-store");
    assert.is(open.headers["x-content-type-options"], "nosniff");
    assert.match(String(open.headers["content-security-policy"]), /default-src 'none'/);
    for (const path of [
      "/",
      "/open/",
      "//open",
      "/../open",
      "/%6fpen",
      "/open/../closed",
      "/constructor",
      "/OPEN",
    ]) {
      const { status, body } = await ask(path);
      assert.is(status, 404, path);
      assert.match(body, /There are \/open, \/closed here/);
    }
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const { status, headers } = await ask("/open", { method });
      assert.is(status, 405);
      assert.is(headers.allow, "GET");
    }
    const head = await ask("/open", { method: "HEAD" });
    assert.equal([head.status, head.headers["content-length"], head.body], [200, "8", ""]);
  }));

test("a hub that has not started says so, and is to be asked again", () =>
  serving(createDoor({ tokens: null, clock: systemClock, log: silentLogger }), async (ask) => {
    const { status, headers } = await ask("/open");
    assert.equal([status, headers["retry-after"]], [503, "1"]);
  }));

test("a program of this machine sees all, and a page of somebody else's in a browser of this machine nothing", () =>
  serving(opened(null), async (ask) => {
    assert.is((await ask("/closed")).status, 200);
    for (const host of ["localhost:7000", "127.0.0.1", "127.3.2.1:80", "[::1]:7000"]) {
      assert.is((await ask("/closed", { headers: { host } })).status, 200, host);
    }
    for (const host of ["rebound.example", "localhost.example:80", "10.0.0.1", "127.0.0.1.example"]) {
      assert.is((await ask("/closed", { headers: { host } })).status, 401, host);
    }
    for (const headers of [{ "x-forwarded-for": "10.0.0.1" }, { forwarded: "for=10.0.0.1" }]) {
      assert.is((await ask("/closed", { headers })).status, 401);
    }
  }));

test("a token is taken over TLS alone, and only one that its hub knows, in force, of an operator", () =>
  inTemporaryFolder(async (folder) => {
    const made = makeCertificate(folder, "localhost");
    if (made === null) return;
    const { key, certificate } = made;
    const tokens = createMemoryTokens();
    const terms = { grants: [], use: "multiple", label: null, expiresAtMs: Date.now() + 60_000 } as const;
    const operator = tokens.create({ ...terms, roles: ["operator"] });
    const edge = tokens.create({ ...terms, roles: ["edge"] });
    const expired = tokens.create({ ...terms, roles: ["operator"], expiresAtMs: Date.now() - 1 });
    const elsewhere = createMemoryTokens().create({ ...terms, roles: ["operator"] });
    const by = (authorization: string) => ({ host: "hub.example", authorization });
    const door = opened(tokens);
    await serving(door, async (ask) => {
      const plain = await ask("/closed", { headers: by(`Bearer ${operator}`) });
      assert.is(plain.status, 401);
      assert.match(plain.body, /over https alone/);
    });
    const server = createTlsServer({ key, cert: certificate }, (asked, response) =>
      door.handle(asked, response, () => {}),
    );
    await serving(
      door,
      async (ask) => {
        const status = async (authorization: string) =>
          (await ask("/closed", { headers: by(authorization), tls: certificate })).status;
        assert.is(await status(`Bearer ${operator}`), 200);
        const [id = ""] = operator.split(".");
        const [, secret = ""] = elsewhere.split(".");
        for (const text of [
          "",
          "Bearer",
          `Basic ${operator}`,
          `Bearer ${edge}`,
          `Bearer ${expired}`,
          `Bearer ${elsewhere}`,
          `Bearer ${id}.${secret}`,
          `Bearer ${id}.`,
          `Bearer ${"a".repeat(4_000)}`,
        ]) {
          assert.is(await status(text), 401, text.slice(0, 40));
        }
        const refused = await ask("/closed", { headers: by(`Bearer ${id}.${secret}`), tls: certificate });
        assert.not.match(refused.body, new RegExp(secret));
      },
      server as unknown as Server,
    );
  }));

test("what fails inside is said in the log and not to the one who asks", async () => {
  const lines: string[] = [];
  const door = createDoor({
    tokens: null,
    clock: systemClock,
    log: { ...silentLogger, error: (message, details) => void lines.push(message + JSON.stringify(details)) },
  });
  door.open(new Map([["/open", getRoute(() => Promise.reject(new Error("the key is 4711")))]]), hubOf());
  await serving(door, async (ask) => {
    const { status, body } = await ask("/open");
    assert.is(status, 500);
    assert.not.match(body, /4711/);
  });
  assert.is(lines.length, 1);
  assert.match(lines[0] ?? "", /4711/);
  assert.equal(door.counts, { 500: 1 });
});

test("a part of the hub that has no time is no fault: whoever asks is told to come again", async () => {
  const door = createDoor({ tokens: null, clock: systemClock, log: silentLogger });
  const slow = new RuntimeError("no reply in time", { code: "ask-timeout", retry: "backoff" });
  door.open(new Map([["/frame/*", getRoute(() => Promise.reject(slow))]]), hubOf());
  await serving(door, async (ask) => {
    const { status, headers } = await ask("/frame/none.jpg");
    assert.equal([status, headers["retry-after"]], [503, "1"]);
  });
  assert.equal(door.counts, { 503: 1 });
});

test("so many are answered at a time, and one more is told to come again", async () => {
  const door = createDoor({ tokens: null, clock: systemClock, log: silentLogger });
  const refused: string[] = [];
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let begun = 0;
  let full: () => void = () => {};
  const isFull = new Promise<void>((resolve) => (full = resolve));
  door.open(
    new Map([
      [
        "/open",
        getRoute(async () => {
          begun += 1;
          if (begun === 32) full();
          await released;
          return plainAnswer(200, "at last");
        }),
      ],
    ]),
    hubOf((kind) => void refused.push(kind)),
  );
  await serving(door, async (ask) => {
    const first = Array.from({ length: 32 }, () => ask("/open"));
    await isFull;
    assert.is((await ask("/open")).status, 503);
    release();
    assert.ok((await Promise.all(first)).every(({ status }) => status === 200));
    assert.is((await ask("/open")).status, 200);
    await ask("/elsewhere");
    assert.equal(refused, ["http-busy", "http-not-found"]);
  });
});

/** Resolves once nothing is held of it. */
async function given(memory: MemoryBudget): Promise<void> {
  while (memory.usedBytes > 0) await new Promise((resolve) => void setImmediate(resolve));
}

test("answers that nobody takes are a part of the hub's memory, and there is no more of them than that", async () => {
  const memory = new MemoryBudget(64 * 1024 * 1024);
  const refused: string[] = [];
  const door = createDoor({ tokens: null, clock: systemClock, log: silentLogger });
  let tell: () => void = () => {};
  const told = new Promise<void>((resolve) => (tell = resolve));
  const body = "x".repeat(12 * 1024 * 1024);
  door.open(
    new Map([["/open", getRoute(() => plainAnswer(200, body))]]),
    hubOf((kind) => {
      refused.push(kind);
      tell();
    }, memory),
  );
  const server = createServer((asked, response) => door.handle(asked, response, () => {}));
  await serving(
    door,
    async (ask) => {
      const { port } = server.address() as AddressInfo;
      const deaf = Array.from({ length: 12 }, () => connect({ port, host: "127.0.0.1" }));
      for (const socket of deaf) {
        socket.on("error", () => {});
        socket.write("GET /open HTTP/1.1\r\nhost: x\r\n\r\n");
      }
      await within(20_000, told, "a refusal");
      assert.ok(memory.usedBy("pages") <= 40 * 1024 * 1024, `${memory.usedBy("pages")} bytes`);
      assert.is((await ask("/open")).status, 503);
      for (const socket of deaf) socket.destroy();
      await within(20_000, given(memory), "what they had");
      assert.is((await ask("/open")).status, 200);
    },
    server,
  );
});

test.run();
