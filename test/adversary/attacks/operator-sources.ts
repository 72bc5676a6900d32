/** What the holder of an operator's token can have a node open: its files, its neighbours, what ffmpeg can. */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { must, type ClusterAttack } from "../kit/attack.js";
import { addSource, byOperator, refusalOf, refused } from "../kit/orders.js";

const SECRET = "s3cr3t-of-a-camera";
const DEMO = join(import.meta.dirname, "../../../../apps/demo/demo.mp4");

let told = 0;

export const OPERATOR_SOURCES: readonly ClusterAttack[] = [
  byOperator(
    "operator.source-file",
    "an operator has a node read a video outside its source root",
    "survived",
    async (rogue) => {
      await refused(rogue, "edge-1", { source: DEMO }, ["source-refused"]);
    },
  ),
  byOperator(
    "operator.source-tells-files",
    "an operator learns from errors which files a node has",
    "survived",
    async (rogue) => {
      const ears = rogue.listener("ears");
      rogue.tell("edge-1/agent", { type: "watchEvents", listener: ears.ref, after: null });
      const tell = async (source: string): Promise<string> => {
        const id = `told-${(told += 1)}`;
        const refusal = refusalOf(await addSource(rogue, "edge-1", { id, source }));
        if (refusal !== null) return `${refusal.code}: ${refusal.message.replaceAll(source, "FILE")}`;
        const end = await ears.next(({ type, sourceId }) => type === "sourceEnded" && sourceId === id);
        const { code, message } = Object(end["error"]) as {
          readonly code?: unknown;
          readonly message?: unknown;
        };
        return `${String(code)}: ${String(message).replaceAll(source, "FILE")}`;
      };
      const missing = await tell("/etc/no-such-file");
      for (const there of ["/etc/hostname", "/etc"]) {
        const said = await tell(there);
        must(said === missing, `one that is there: ${said}; one that is not: ${missing}`);
      }
    },
  ),
  byOperator(
    "operator.source-protocols",
    "an operator has a node open what ffmpeg can: concat, lavfi, pipes, other schemes, files by another name",
    "survived",
    async (rogue) => {
      for (const source of [
        `concat:${DEMO}|/etc/passwd`,
        "lavfi:testsrc",
        "pipe:0",
        `file:${DEMO}`,
        `file://${DEMO}`,
        `subfile,,start,0,end,100,,:${DEMO}`,
        `crypto:${DEMO}`,
        "tcp://127.0.0.1:1",
        "gopher://127.0.0.1:1",
        "data:video/mp4;base64,AAAA",
        "-i",
        "/dev/stdin",
        "/proc/self/environ",
        "\0",
        "x".repeat(4_000),
      ]) {
        await refused(rogue, "edge-1", { source }, ["source-refused", "source-invalid"]);
      }
    },
  ),
  byOperator(
    "operator.source-fifo",
    "an operator has a node open a pipe that nobody writes to",
    "survived",
    async (rogue, scene) => {
      const fifo = join(scene.workshop.folder, "nobody.mp4");
      spawnSync("mkfifo", [fifo]);
      const id = "waits-for-ever";
      const reply = await addSource(rogue, "edge-2", { id, source: fifo });
      const refusal = refusalOf(reply);
      await scene.goesOn(5, 12_000);
      if (refusal !== null) return;
      // Taken, it has to come to its end by itself.
      await scene.goesOn(250, 30_000);
      const { ledgers } = (await rogue.ask("edge-2/agent", (replyTo) => ({
        type: "reportSources",
        replyTo,
      }))) as {
        readonly ledgers: readonly { readonly sourceId: string }[];
      };
      must(!ledgers.some(({ sourceId }) => sourceId === id), "it waits for a writer without end");
    },
  ),
  byOperator(
    "operator.source-playlist",
    "an operator's HTTP source is a list that leads to other hosts and to files",
    "survived",
    async (rogue, scene) => {
      const inner = await serve(() => "inner");
      const outer = await serve(
        () =>
          `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:${inner.port}/secret.ts\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n`,
      );
      try {
        await addSource(rogue, "edge-2", { source: `http://127.0.0.1:${outer.port}/list.m3u8` });
        await scene.goesOn(60, 20_000);
        must(inner.asked.length === 0, `the node asked another server for ${inner.asked[0] ?? ""}`);
      } finally {
        await rogue.ask("edge-2/agent", (replyTo) => ({ type: "reportSources", replyTo }));
        inner.close();
        outer.close();
      }
    },
  ),
  byOperator(
    "operator.source-redirect",
    "an operator's HTTP source sends the node on: to another port, another name, a file, and round in circles",
    "refused",
    async (rogue, scene) => {
      const inner = await serve(() => "inner");
      const ears = rogue.listener("ears-of-redirects");
      rogue.tell("edge-2/agent", { type: "watchEvents", listener: ears.ref, after: null });
      for (const location of [
        `http://127.0.0.1:${inner.port}/internal`,
        `http://localhost:${inner.port}/internal`,
        `//127.0.0.1:${inner.port}/internal`,
        "file:///etc/passwd",
        "/video.mp4",
      ]) {
        const outer = await serve(() => null, location);
        const id = `redirected-${(told += 1)}`;
        try {
          const source = `http://127.0.0.1:${outer.port}/video.mp4`;
          const refusal = refusalOf(await addSource(rogue, "edge-2", { id, source }));
          const end =
            refusal ??
            Object(
              (await ears.next(({ type, sourceId }) => type === "sourceEnded" && sourceId === id))["error"],
            );
          must(/it redirects/.test(String(end.message)), `${location}: it ended with ${String(end.message)}`);
        } finally {
          outer.close();
        }
      }
      await scene.goesOn(2, 20_000);
      inner.close();
      must(inner.asked.length === 0, `the node went on to ${inner.asked[0] ?? ""}`);
    },
  ),
  byOperator(
    "operator.password-in-ps",
    "the password of a camera stands where every user of the machine can read it: in the list of processes",
    "survived",
    async (rogue, scene) => {
      const port = await scene.workshop.listen();
      void addSource(rogue, "edge-2", {
        source: `rtsp://user:${SECRET}@127.0.0.1:${port}/live`,
        limit: null,
      });
      await scene.goesOn(20, 12_000);
      const lines = commandLines().filter((line) => line.includes(SECRET));
      must(lines.length === 0, "it stands in ffmpeg's command line");
    },
  ),
];

interface Web {
  readonly port: number;
  readonly asked: readonly string[];
  close(): void;
}

async function serve(body: () => string | null, location?: string): Promise<Web> {
  const asked: string[] = [];
  const server: Server = createServer((incoming, response) => {
    asked.push(incoming.url ?? "");
    if (location !== undefined) response.writeHead(302, { location });
    else response.writeHead(200, { "content-type": "application/vnd.apple.mpegurl" });
    response.end(body() ?? "");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function commandLines(): readonly string[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || !statSync(`/proc/${name}`, { throwIfNoEntry: false })) return [];
    try {
      return [readFileSync(`/proc/${name}/cmdline`, "utf8")];
    } catch {
      return [];
    }
  });
}
