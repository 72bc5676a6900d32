/** What somebody without a token, or a page of somebody else's in a browser, can do at the hub's own page and its HTTP. */

import type { Socket } from "node:net";
import { must, onCluster, type ClusterAttack } from "../kit/attack.js";
import type { Scene } from "../kit/scene.js";
import { closed, socketTo, type Place } from "../kit/stranger.js";
import { dropOf, originOf, vouchedBy } from "../kit/tasks.js";
import { ask, cookieOf, openPage, signIn, written, type Answered } from "../kit/web.js";

/** What only operators and viewers see. */
const PRIVATE = ["/metrics", "/results", "/results/stream", "/frame/cam-1"];
const IDLE = 1_000;
/** A name that is a script, and one that begins another header. */
const SCRIPT = "<img src=x onerror=alert(1)>";

type Ports = Pick<Scene, "place"> & { readonly local: Place };

function attack(
  who: ClusterAttack["who"],
  id: string,
  what: string,
  expected: ClusterAttack["expected"],
  play: (ports: Ports, scene: Scene) => Promise<void>,
): ClusterAttack {
  const playOn = (scene: Scene): Promise<void> =>
    play({ place: scene.place, local: { host: "127.0.0.1", port: scene.place.port } }, scene);
  return { ...onCluster(who, id, what, expected, playOn), web: true };
}

/** Whatever is answered, no browser and no proxy keeps it, guesses what it is, or lets it run. */
function mustBeGuarded({ status, head }: Answered, path: string): void {
  if (status === 0) return;
  for (const header of [
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    "content-security-policy: ",
  ])
    must(head.toLowerCase().includes(header), `${path} is answered without "${header}"`);
}

function mustBeDenied(answered: Answered, path: string): void {
  must([401, 403].includes(answered.status), `${path} is answered with ${answered.status}`);
  must(!/"(?:records|next)"|^sluice_/m.test(answered.body), `${path} tells a stranger what is there`);
  mustBeGuarded(answered, path);
}

export const WEB: readonly ClusterAttack[] = [
  attack(
    "stranger",
    "stranger.http-paths",
    "a stranger asks for files beside those of the page, however that is written",
    "counted",
    async ({ place, local }) => {
      for (const path of [
        "/../../../../../../etc/passwd",
        "/page/../../../package.json",
        "/page/%2e%2e/%2e%2e/%2e%2e/package.json",
        "/page/..%2f..%2f..%2fpackage.json",
        "/page/..\\..\\..\\package.json",
        "//etc/passwd",
        "/page/main.js%00.css",
        "/page/",
        "/src/web/web.js",
        "/lib/../src/web/sessions.js",
        "/__proto__",
        "/constructor",
        "http://169.254.169.254/latest/meta-data",
        `/${"x".repeat(8_000)}`,
      ]) {
        for (const at of [place, local]) {
          const { status, body } = await ask(at, path);
          must([400, 401, 404, 414, 431].includes(status), `${path.slice(0, 40)} is answered with ${status}`);
          must(!/root:|"version"|export /.test(body), `${path.slice(0, 40)} gives a file away`);
        }
      }
    },
  ),
  attack(
    "stranger",
    "stranger.http-private",
    "a stranger asks for what operators see: with no token, a wrong one, a right one that all on the way read, in the address, or as if it were the hub's own machine",
    "counted",
    async ({ place, local }, { operatorToken }) => {
      const bearer = { authorization: `Bearer ${operatorToken}` };
      for (const path of PRIVATE) {
        for (const asked of [
          {},
          { headers: { authorization: "Bearer aaaaaaaaaaaa.bbbbbbbbbbbb" } },
          { headers: bearer },
          { host: "localhost", headers: { "x-forwarded-for": "127.0.0.1", forwarded: "for=127.0.0.1" } },
          { headers: { "x-real-ip": "127.0.0.1", "x-forwarded-host": "localhost" } },
        ])
          mustBeDenied(await ask(place, path, asked), path);
        mustBeDenied(await ask(place, `${path}?token=${operatorToken}&access_token=${operatorToken}`), path);
        // A page of somebody else's in a browser of the hub's machine, whose name leads there: and a proxy beside the hub.
        mustBeDenied(await ask(local, path, { host: "attacker.example" }), path);
        mustBeDenied(await ask(local, path, { host: `127.0.0.1.attacker.example:${local.port}` }), path);
        mustBeDenied(await ask(local, path, { headers: { "x-forwarded-for": "203.0.113.7" } }), path);
      }
    },
  ),
  attack(
    "stranger",
    "stranger.http-oversize",
    "a stranger's requests are too large in all of their parts, or have two ends",
    "survived",
    async ({ place, local }, scene) => {
      const post = "POST /session HTTP/1.1\r\nHost: 127.0.0.1\r\n";
      for (const text of [
        `GET /${"x".repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: ${"y".repeat(100_000)}\r\n\r\n`,
        `GET /metrics HTTP/1.1\r\nHost: x\r\n${"X: y\r\n".repeat(5_000)}\r\n`,
        `${post}Content-Length: 1000000\r\n\r\n${"x".repeat(1_000_000)}`,
        `${post}Transfer-Encoding: chunked\r\n\r\n${"fff\r\n".concat("x".repeat(0xfff), "\r\n").repeat(50)}0\r\n\r\n`,
        `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n`,
        `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`,
      ]) {
        for (const at of [place, local]) {
          const { status, body } = await written(at, text);
          must(status === 0 || status >= 400, `${text.slice(0, 60)} is answered with ${status}`);
          must(!/^sluice_/m.test(body), "a request within another one is answered");
        }
      }
      await scene.goesOn(1, 10_000);
    },
  ),
  attack(
    "stranger",
    "stranger.http-idle",
    "a stranger begins 1,000 requests that never end, for what anybody may ask",
    "survived",
    async ({ place, local }, scene) => {
      const sockets: Socket[] = [];
      for (let at = 0; at < IDLE; at += 100)
        sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => socketTo(place)))));
      for (const [at, socket] of sockets.entries())
        socket.write(
          at % 2 === 0
            ? "GET /health HTTP/1.1\r\nHost: x\r\n"
            : "POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
        );
      await scene.member().catch((error: unknown) => must(false, `no member can join: ${String(error)}`));
      const { status } = await ask(local, "/health");
      must(status === 200 || status === 503, `/health is answered with ${status}`);
      must((await ask(local, "/metrics")).status === 200, "the hub's own machine is shut out");
      await scene.goesOn(20, 20_000);
      await Promise.all(sockets.map(closed)).catch(() => must(false, "connections are kept for ever"));
    },
  ),
  attack(
    "page",
    "page.cross-site",
    "a page of somebody else's signs a browser in or out, or opens a connection, with the right code and the right cookie",
    "counted",
    async ({ local }, { code }) => {
      const own = `http://127.0.0.1:${local.port}`;
      const foreign = [
        "http://attacker.example",
        "null",
        "",
        `${own}.attacker.example`,
        "http://127.0.0.1:1",
        `https://127.0.0.1:${local.port}`,
      ];
      for (const origin of foreign)
        must((await signIn(local, { code }, { origin })).status === 403, `"${origin}" signs in`);
      const simple = await signIn(
        local,
        { code },
        { "content-type": "text/plain", origin: "http://attacker.example" },
      );
      must(simple.status === 403, "a form signs in");
      // None of them has used it up.
      const signedIn = await signIn(local, { code });
      const cookie = cookieOf(signedIn) ?? "";
      must(signedIn.status === 200 && cookie !== "", `the browser is answered ${signedIn.status}`);
      must(
        /httponly/i.test(signedIn.head) && /samesite=strict/i.test(signedIn.head),
        "scripts and other pages have the cookie",
      );
      must(!signedIn.body.includes(cookie.split("=")[1] ?? ""), "the answer shows the cookie");
      must((await signIn(local, { code })).status === 401, "a code counts twice");
      for (const origin of foreign) {
        must(
          typeof (await openPage(local, { cookie, origin })) === "number",
          `"${origin}" opens the page's connection`,
        );
        const out = await ask(local, "/session", { method: "DELETE", headers: { cookie, origin } });
        must(out.status === 403, `"${origin}" signs the browser out`);
      }
      must(
        typeof (await openPage(local, {
          cookie,
          origin: "http://attacker.example",
          host: "attacker.example",
        })) === "number",
        "a name that leads here opens it",
      );
      const page = await openPage(local, { cookie, origin: own });
      must(typeof page !== "number", "the browser's own page does not open any more");
      must(
        (await page.ask("sluice://cloud/scheduler", { type: "reportNodes" })) === "reply",
        "it is not answered",
      );
      page.close();
      // A cookie is of no use where a token is asked for, and none is taken for another one.
      for (const made of [
        "",
        "sluice_session=",
        `${cookie}x`,
        cookie.toUpperCase(),
        "sluice_session=__proto__",
      ])
        must(
          typeof (await openPage(local, { cookie: made, origin: own })) === "number",
          `"${made.slice(0, 20)}" opens a page`,
        );
    },
  ),
  attack(
    "page",
    "page.viewer-orders",
    "a viewer orders: by the page, as a node, and for what no page may say",
    "counted",
    async ({ local }, scene) => {
      const own = `http://127.0.0.1:${local.port}`;
      const cookie = cookieOf(await signIn(local, { token: scene.viewerToken })) ?? "";
      const page = await openPage(local, { cookie, origin: own });
      must(typeof page !== "number", "a viewer sees nothing");
      must(
        (await page.ask("sluice://cloud/scheduler", { type: "reportSources" })) === "reply",
        "a viewer is not answered",
      );
      for (const [to, message] of [
        [
          "cloud/scheduler",
          { type: "setPolicy", sourceId: "cam-1", policy: { name: "cloud-only", parameters: {} } },
        ],
        ["cloud/scheduler", { type: "pauseSource", sourceId: "cam-1", reason: "" }],
        ["cloud/scheduler", { type: "removeSource", sourceId: "cam-1" }],
        ["cloud/scheduler", { type: "reloadPolicies" }],
        ["edge-1/agent", { type: "drainSource", sourceId: "cam-1" }],
        ["edge-1/agent", { type: "drain" }],
        ["cloud/agent", { type: "freeName", name: "edge-1" }],
        ["cloud/alarms", { type: "acknowledgeAlarms", alarm: "silent" }],
        ["cloud/guardian", { type: "spawn", behaviour: "x", args: null, options: { name: "x" } }],
        [
          "edge-1/controller",
          {
            type: "abandon",
            id: scene.newest("cam-1"),
            delivery: 1,
            pipelineId: "honest",
            pipelineVersion: 1,
          },
        ],
        ["cloud/$ask/1", { type: "done" }],
      ] as const) {
        const told = await page.ask(`sluice://${to}`, message);
        must(told !== "reply" && told !== "closed", `${to} ${message.type} is answered "${told}"`);
      }
      page.close();
      for (const role of ["edge", "operator", "cloud"] as const) {
        const joined = await scene.member({ token: scene.viewerToken, roles: [role] } as never).then(
          () => true,
          () => false,
        );
        must(!joined, `a viewer joins as ${role}`);
      }
    },
  ),
  attack(
    "edge",
    "edge.names-for-pages",
    "an edge has words of its own come to pages and metrics: scripts, and ends of lines",
    "counted",
    async ({ local }, scene) => {
      const rogue = await scene.member();
      const id = { sourceId: `page-${rogue.name}`, incarnation: 1, sequence: 0 };
      const detail = `${SCRIPT}\r\nset-cookie: a=b\r\n\r\nsluice_forged 1`;
      const drop = dropOf(id, { detail, node: rogue.name, origin: originOf(rogue.name, id) });
      rogue.tell("cloud/distributor", { type: "recordDrop", drop: vouchedBy(rogue.vouch, drop) });
      for (const sourceId of [SCRIPT, "a\r\nb", 'a"} 1\nsluice_forged 1']) {
        const odd = dropOf({ ...id, sourceId }, { node: rogue.name });
        rogue.tell("cloud/distributor", { type: "recordDrop", drop: odd });
      }
      await rogue.arrived("cloud");
      await scene.goesOn(1, 10_000);
      for (const path of [
        "/metrics",
        "/results",
        `/results?source=${id.sourceId}`,
        "/frame/a%0d%0aset-cookie:%20a=b",
        `/frame/${encodeURIComponent(SCRIPT)}`,
        "/results?source=%0d%0aset-cookie:a=b",
      ]) {
        const answered = await ask(local, path);
        mustBeGuarded(answered, path);
        must(!/^set-cookie/im.test(answered.head), `${path} has a header of its own`);
        must(!/text\/html/i.test(answered.head), `${path} is shown as a page`);
        must(!/^sluice_forged/m.test(answered.body), `${path} has a line of its own`);
      }
    },
  ),
  attack(
    "page",
    "page.guessed",
    "somebody guesses codes and cookies, as fast as it can",
    "counted",
    async ({ local }) => {
      const own = `http://127.0.0.1:${local.port}`;
      const statuses = new Set<number>();
      for (let n = 0; n < 100; n += 1) statuses.add((await signIn(local, { code: `guess-${n}` })).status);
      must(
        [...statuses].every((status) => status === 401 || status === 429),
        `it is answered ${[...statuses].join(", ")}`,
      );
      must(statuses.has(429), "it may guess without end");
      for (let n = 0; n < 50; n += 1) {
        const cookie = `sluice_session=${Buffer.alloc(24, n).toString("base64url")}`;
        must(typeof (await openPage(local, { cookie, origin: own })) === "number", "a guess opens a page");
      }
    },
  ),
];
