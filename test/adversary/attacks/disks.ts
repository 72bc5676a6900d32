/** Disks that are full, torn, unreadable or read by others. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must, onCluster, onProgram, type Attack } from "../kit/attack.js";
import { PIPELINE, runSource, startEdge, startHub, until, type Hub } from "../kit/programs.js";
import type { Scene } from "../kit/scene.js";
import { cookieOf, openPage, signIn } from "../kit/web.js";
import type { Workshop } from "../kit/workshop.js";

const CAMERA_PASSWORD = "s3cr3t-of-a-camera";
/** As long as a hub takes to look at its tokens again, and more: tasks at 20 a second. */
const LOOKS_AGAIN_TASKS = 110;

/** Whatever befalls the files of the token that the edges came with, they stay. */
async function tokensTrouble(
  scene: Scene,
  trouble: () => Promise<void>,
  mend: () => Promise<void>,
): Promise<void> {
  await trouble();
  try {
    await scene.goesOn(LOOKS_AGAIN_TASKS, 30_000);
  } finally {
    await mend();
  }
}

export const DISKS: readonly Attack[] = [
  onCluster(
    "disk",
    "disk.tokens-away",
    "the folder of the hub's tokens is away for some seconds",
    "survived",
    async (scene) => {
      const away = `${scene.tokensFolder}.away`;
      await tokensTrouble(
        scene,
        () => rename(scene.tokensFolder, away),
        () => rename(away, scene.tokensFolder),
      );
    },
  ),
  onCluster(
    "disk",
    "disk.token-unreadable",
    "the file of a token cannot be read for some seconds",
    "survived",
    async (scene) => {
      const file = join(scene.tokensFolder, `${scene.edgeToken.split(".")[0] ?? ""}.json`);
      await tokensTrouble(
        scene,
        async () => {
          await rename(file, `${file}.away`);
          await mkdir(file);
        },
        async () => {
          await rm(file, { recursive: true });
          await rename(`${file}.away`, file);
        },
      );
    },
  ),
  onCluster("disk", "disk.token-truncated", "the file of a token is cut off", "survived", async (scene) => {
    const file = join(scene.tokensFolder, `${scene.edgeToken.split(".")[0] ?? ""}.json`);
    const text = readFileSync(file, "utf8");
    await tokensTrouble(
      scene,
      () => truncate(file, 20),
      () => writeFile(file, text),
    );
  }),
  onProgram(
    "disk",
    "disk.stdout-full",
    "the standard output of a hub and an edge is full",
    async (workshop) => {
      const store = join(workshop.folder, "store");
      const { stdout } = await workshop.run(["token", "create", "--store", store, "--ttl", "1h"]);
      const hub = workshop.start(["hub", "--listen", "127.0.0.1:0", "--store", store], {
        redirect: "> /dev/full",
      });
      const operator = join(`${store}.cluster`, "operator.json");
      await until(() => existsSync(operator) || hub.ended !== null);
      const nodes = await workshop.run(["nodes", "--store", store]);
      must(hub.ended === null, `the hub ended (${hub.ended ?? ""})`);
      must(nodes.exitCode === 0, `the hub does not answer: ${nodes.stderr.slice(0, 100)}`);
      const { url } = JSON.parse(readFileSync(operator, "utf8")) as { readonly url: string };
      const edge = workshop.start(["join", url, "--name", "edge-1", "--journal", "memory:"], {
        redirect: "> /dev/full",
        env: { SLUICE_TOKEN: stdout.trim() },
      });
      for (let turn = 0; turn < 40 && edge.ended === null; turn += 1) {
        const { stdout: table } = await workshop.run(["nodes", "--store", store]);
        if (table.includes("edge-1")) break;
      }
      must(edge.ended === null, `the edge ended (${edge.ended ?? ""})`);
      const after = await workshop.run(["nodes", "--store", store]);
      must(hub.ended === null && after.stdout.includes("edge-1"), `the hub ended (${hub.ended ?? ""})`);
    },
  ),
  onProgram(
    "disk",
    "disk.stale-operator",
    "a hub was killed, and its results are wanted",
    async (workshop) => {
      const hub = await startHub(workshop);
      await startEdge(workshop, hub);
      await runSource(workshop, hub, "test:64x64@10,duration=1");
      hub.program.signal("SIGKILL");
      await hub.program.exited();
      for (const command of ["results", "audit"]) {
        const { exitCode, stderr } = await workshop.run([command, "--store", hub.store]);
        must(
          exitCode === 0,
          `sluice ${command} ended with ${exitCode ?? "a signal"}: ${stderr.trim().slice(0, 120)}`,
        );
      }
    },
  ),
  onProgram(
    "disk",
    "disk.operator-tokens",
    "a hub that starts again and again leaves operators' tokens behind",
    async (workshop) => {
      const store = join(workshop.folder, "store");
      for (let turn = 0; turn < 3; turn += 1) {
        const program = workshop.start(["hub", "--listen", "127.0.0.1:0", "--store", store]);
        await program.says(/Hub "cloud" at/);
        await until(() => existsSync(join(`${store}.cluster`, "operator.json")) || program.ended !== null);
        program.signal("SIGTERM");
        await program.exited();
      }
      const { stdout } = await workshop.run(["token", "list", "--json", "--store", store]);
      const tokens = JSON.parse(stdout) as readonly {
        readonly roles: readonly string[];
        readonly status: string;
      }[];
      const left = tokens.filter(
        ({ roles, status }) => roles.includes("operator") && status === "active",
      ).length;
      must(left <= 1, `${left} tokens of operators still hold`);
    },
  ),
  onProgram(
    "disk",
    "disk.world-readable",
    "the passwords of cameras and the tokens of a hub lie where every user can read them",
    async (workshop) => {
      const hub = await startHub(workshop);
      await startEdge(workshop, hub);
      await runCamera(workshop, hub, await workshop.listen());
      const open = readableWith(workshop.folder, [CAMERA_PASSWORD, hub.token.split(".")[1] ?? "?"], true);
      must(open.length === 0, `${open.length} files, such as ${open[0] ?? ""}`);
    },
  ),
  onProgram(
    "disk",
    "disk.secrets-said",
    "programs say the passwords of cameras, the tokens or the keys of a hub: in logs, to operators, in figures, on the page",
    async (workshop) => {
      const hub = await startHub(workshop);
      const edge = await startEdge(workshop, hub);
      // One that ends each connection at once, so that the edge has something to say of it.
      await runCamera(workshop, hub, await workshop.listen((socket) => socket.destroy()));
      await edge.says(/cam/);
      const said = new Map([
        ["the hub", hub.program.words],
        ["the edge", edge.words],
      ]);
      for (const command of [
        "nodes --json",
        "top --once",
        "sources --json",
        "explain cam",
        "alarms",
        "audit",
      ]) {
        const { stdout, stderr } = await workshop.run([...command.split(" "), "--store", hub.store]);
        said.set(`\`sluice ${command}\``, stdout + stderr);
      }
      const metrics = await fetch(`${hub.url.replace("ws:", "http:")}/metrics`);
      said.set("/metrics", await metrics.text());
      said.set("the page", await shownOnPage(hub));
      const secrets = secretsIn(workshop.folder);
      if (secrets.length < 3) throw new Error(`There are ${secrets.length} secrets to look for`);
      for (const [who, words] of said) {
        must(words !== "", `${who} says nothing, so nothing was tried`);
        for (const secret of [CAMERA_PASSWORD, hub.token.split(".")[1] ?? "?", ...secrets])
          must(
            !words.includes(secret),
            `${who} says ${secret === CAMERA_PASSWORD ? "a password" : "a key or token"}`,
          );
      }
    },
  ),
];

async function runCamera(workshop: Workshop, { store }: Hub, port: number): Promise<void> {
  const file = join(workshop.folder, "plain.yaml");
  await writeFile(file, PIPELINE);
  const source = `rtsp://user:${CAMERA_PASSWORD}@127.0.0.1:${port}/live`;
  const asked = ["run", "--pipeline", file, "--source", source, "--on", "edge-1", "--id", "cam"];
  await workshop.run([...asked, "--detach", "--store", store]);
}

const PAGE_ASKS: readonly (readonly [to: string, message: Readonly<Record<string, unknown>>])[] = [
  ["cloud/scheduler", { type: "reportNodes" }],
  ["cloud/scheduler", { type: "reportSources" }],
  ["cloud/scheduler", { type: "reportTable" }],
  ["cloud/scheduler", { type: "reportChanges", sourceId: "cam", sinceMs: 0 }],
  ["cloud/distributor", { type: "query", query: { limit: 100 } }],
  ["cloud/agent", { type: "reportActors" }],
  ["edge-1/agent", { type: "reportActors" }],
  ["edge-1/agent", { type: "reportSources" }],
  ["edge-1/agent", { type: "reportPipeline", sourceId: "cam" }],
  ["edge-1/agent", { type: "reportDeadLetters" }],
];

/** What the hub tells the browser of an operator that asks and watches whatever there is. */
async function shownOnPage({ program, url }: Hub): Promise<string> {
  const [, code = ""] = await program.says(/#code=(\S+)/);
  const local = { host: "127.0.0.1", port: Number(new URL(url).port) };
  const page = await openPage(local, {
    cookie: cookieOf(await signIn(local, { code })) ?? "",
    origin: `http://127.0.0.1:${local.port}`,
  });
  if (typeof page === "number") throw new Error(`The page does not open: ${page}`);
  for (const topic of ["cluster", "events", "gaps"]) page.watch(topic);
  for (const [to, message] of PAGE_ASKS) {
    const told = await page.ask(`sluice://${to}`, message);
    if (told !== "reply") throw new Error(`The page is answered "${told}" to "${String(message["type"])}"`);
  }
  page.close();
  return page.words;
}

/** Of a hub's keys and tokens, what is secret of them. */
function secretsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /-key$|operator\.json$/.test(name))
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      const [, token] = /"token":\s*"[^".]+\.([^"]+)"/.exec(text) ?? [];
      return [name.endsWith("-key") ? text.trim() : (token ?? "")];
    })
    .filter((secret) => secret.length >= 16);
}

/** Files with one of `texts` that every user of the machine can read. */
function readableWith(folder: string, texts: readonly string[], reachable: boolean): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const { mode } = statSync(path);
    // A folder that others may not enter hides all that is in it.
    if (entry.isDirectory()) return readableWith(path, texts, reachable && (mode & 0o001) !== 0);
    if (!entry.isFile() || !reachable || (mode & 0o004) === 0) return [];
    const content = readFileSync(path, "latin1");
    return texts.some((text) => content.includes(text)) ? [path] : [];
  });
}
