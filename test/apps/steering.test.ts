/** Sources that an operator steers, as a user types it, over the ends of nodes and hub. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { connectOperator, type Operator } from "../../src/operator/operator.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { pause } from "../support/pause.js";
import { startSluice, type Ended, type Program } from "../support/program.js";
import { sluiceHere } from "../support/sluice-here.js";
import { within } from "../support/within.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-steering-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const store = join(folder, "store");
/** No hub or token from the environment. */
const env = { SLUICE_HUB: undefined, SLUICE_TOKEN: undefined };
const CAM = parseSourceId("cam");
const POLL_MS = 50;
const sluice = (...args: readonly string[]): Promise<Ended> => sluiceHere(...args, "--store", store);

async function done(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await sluice(...args);
  assert.is(exitCode, 0, stderr);
  return stdout;
}

/** What the first hub has said: it does not say it again. */
let joinToken = "";
let address = "127.0.0.1:0";

/** Where one was before, at its address. */
async function startHub(): Promise<{ readonly program: Program; readonly operator: Operator }> {
  const program = startSluice(["hub", "--listen", address, "--store", store], { env, timeoutMs: 90_000 });
  const [, url = ""] = await program.prints(/Hub "cloud" at ws:\/\/(\S+),/);
  address = url;
  const { token } = JSON.parse(readFileSync(join(`${store}.cluster`, "operator.json"), "utf8")) as {
    readonly token: string;
  };
  return { program, operator: await connectOperator({ hub: `ws://${url}`, token }) };
}

async function startEdge(token: string): Promise<Program> {
  const node = startSluice(["join", `ws://${address}`, "--name", "edge-1", "--retry"], {
    env: { ...env, SLUICE_TOKEN: token },
    timeoutMs: 90_000,
  });
  await node.prints(/has joined/);
  return node;
}

/** Looks until the ledger of the source is so. */
async function ledger(
  operator: Operator,
  wanted: (ledger: LedgerReported) => boolean,
): Promise<LedgerReported> {
  const look = async (): Promise<LedgerReported> => {
    const node = parseNodeName("edge-1");
    const { ledgers } = operator.cluster.members.has(node)
      ? await operator.agent(node).sources()
      : { ledgers: [] };
    const found = ledgers.find(({ sourceId }) => sourceId === CAM);
    if (found !== undefined && wanted(found)) return found;
    await pause(POLL_MS);
    return await look();
  };
  return await within(20_000, look(), "the source as wanted");
}

/** Resolves once a task is stored that was captured at that rate. */
async function storedAt(operator: Operator, fps: number): Promise<void> {
  const { records } = await operator.query({ sourceId: CAM, limit: 1_000 });
  if (records.some((record) => record.type === "result" && record.configuration.fps === fps)) return;
  await pause(POLL_MS);
  await storedAt(operator, fps);
}

const isPaused = ({ status }: LedgerReported): boolean => status === "paused";

test("sluice pause and configure hold over kills of the node and of the hub until an operator says otherwise", async () => {
  const hub = await startHub();
  [joinToken = ""] = await hub.program.prints(/\w{10}\.[\w-]{40}/);
  const edge = await startEdge(joinToken);
  await done(
    ..."run --pipeline apps/pipelines/default.yaml --source test:160x90@10,duration=1000".split(" "),
    ..."--realtime --detach --id cam --on edge-1".split(" "),
  );
  await ledger(hub.operator, ({ stored }) => stored > 0);
  assert.is(
    await done("configure", "cam", "--fps", "5", "--resolution", "80x46"),
    "cam is captured in 80x46 at 5 fps, 4 frames a task, rgb; set by you: width, height, fps\n",
  );
  const wrong = await sluice("configure", "cam", "--frames-per-task", "1");
  assert.equal([wrong.exitCode, wrong.stdout], [1, ""]);
  assert.match(wrong.stderr, /needs 2 frames in a task: set framesPerTask \(--frames-per-task\) to 2/);
  const paused = await done("pause", "cam", "--reason", "the lens is cleaned");
  assert.is(paused, 'cam is paused on edge-1, until "sluice resume cam"\n');
  await edge.prints(/cam: paused by an operator: the lens is cleaned/);

  edge.signal("SIGKILL");
  await edge.ended;
  const back = await startEdge(joinToken);
  const { created } = await ledger(hub.operator, isPaused);
  hub.program.signal("SIGKILL");
  await hub.program.ended;
  await hub.operator.close();
  const { program, operator } = await startHub();
  assert.is((await ledger(operator, isPaused)).created, created, "nothing was captured meanwhile");
  assert.equal((await operator.sources())[CAM]?.ordered, { width: 80, height: 46, fps: 5 });
  assert.match(await done("explain", "cam"), /Now: paused by an operator since \S+ \(the lens is cleaned\)/);

  assert.is(await done("resume", "cam"), "cam goes on, on edge-1\n");
  await within(20_000, storedAt(operator, 5), "results as they were ordered");
  const table = await done("sources");
  for (const line of table.split("\n")) assert.ok(line.length <= 80, line);
  assert.match(table, /source.*state.*fps.*p50\/95 ms.*late.*drops.*plan.*policy/);
  assert.match(await done("configure", "cam", "--release"), /^cam is captured in .*; all by its policy/);
  await operator.agent(parseNodeName("edge-1")).drainSource(CAM);
  assert.equal((await operator.audit()).findings, []);
  await operator.close();
  for (const node of [back, program]) {
    node.signal("SIGTERM");
    assert.is((await node.ended).exitCode, 0);
  }
});

test("sluice pipeline moves a running source between two tasks: nothing lost, nothing twice; a refused one leaves the old in force", async () => {
  const hub = await startHub();
  const { operator } = hub;
  const edge = await startEdge(joinToken);
  await done(
    ..."run --pipeline apps/pipelines/default.yaml --source test:160x90@10,duration=1000".split(" "),
    ..."--realtime --detach --id cam --on edge-1".split(" "),
  );
  const before = await ledger(operator, ({ stored }) => stored > 0);
  const file = join(folder, "moving.yaml");
  writeFileSync(file, "pipeline: moving\nversion: 3\nstages:\n  motion: { service: motion-detection }\n");
  assert.is(await done("pipeline", "cam", file), "cam walks moving@3 on edge-1\n");
  const after = await ledger(operator, ({ stored }) => stored > 0);
  assert.ok(after.incarnation > before.incarnation, "under a new incarnation");
  assert.is((await operator.table()).table?.sources.get(CAM)?.pipelineId, "moving");

  const agent = operator.agent(parseNodeName("edge-1"));
  for (const [text, wanted] of [
    ["pipeline: x\nstages:\n  a: { service: nothing }\n", /nothing/],
    ["pipeline: x\nspace: { fps: [0] }\nstages:\n  motion: { service: motion-detection }\n", /fps/],
    [
      "pipeline: x\nconfiguration: { framesPerTask: 1 }\nstages:\n  motion: { service: motion-detection }\n",
      /framesPerTask/,
    ],
    [
      "pipeline: x\npolicy: { name: fixd }\nstages:\n  motion: { service: motion-detection }\n",
      /fixd|policy/,
    ],
  ] as const) {
    const refusal = await agent.movePipeline(CAM, { text, name: "x.yaml" }).catch((error: Error) => error);
    assert.match(refusal?.message ?? "it was taken", wanted);
  }
  await ledger(operator, ({ status, stored }) => status === "capturing" && stored > 0);
  assert.is((await operator.table()).table?.sources.get(CAM)?.pipelineVersion, 3);
  await agent.drainSource(CAM);
  assert.equal((await operator.audit()).findings, []);
  const { records } = await operator.query({ sourceId: CAM, limit: 1_000 });
  const walked = records.flatMap((record) => (record.type === "result" ? [record.pipelineId] : []));
  assert.equal([...new Set(walked)].sort(), ["default", "moving"]);
  await operator.close();
  for (const node of [edge, hub.program]) {
    node.signal("SIGTERM");
    assert.is((await node.ended).exitCode, 0);
  }
});

test.run();
