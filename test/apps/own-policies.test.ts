/** Policies of one's own in a hub of real processes: those that misbehave, those that are replaced, and a hub that starts again. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { readOperator } from "../../apps/cli/hub-folder.js";
import type { ChangesReported } from "../../src/actors/protocol/scheduler.js";
import { connectOperator, type Operator } from "../../src/operator/operator.js";
import { parseSourceId } from "../../src/task/identity.js";
import { ALONE, endHub, joined, startHub, type HubProgram } from "../support/hub-program.js";
import { pause } from "../support/pause.js";
import { startSluice } from "../support/program.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-own-policies-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "own.mjs");

/** They place everything on the cloud, in so many frames a second, and count their decisions; or do what they are named for. */
const own = (fps: number): string => `
const kept = [];
const plan = ({ source: { configuration, pipeline }, fallback }) => ({
  configuration: { ...configuration, fps: ${fps} },
  placement: new Map(pipeline.stages.map(({ id }) => [id, [fallback]])),
});
const policy = (name, act = () => {}) => ({
  name,
  version: "1",
  parse: () => null,
  start: () => 0,
  decide(count, view) {
    const wrong = act(view);
    return wrong ?? { state: count + 1, plan: plan(view), why: { reason: "counted", inputs: { count } } };
  },
});
export const policies = [
  policy("calm"),
  policy("looping", () => { for (;;); }),
  policy("throwing", () => { throw new Error("no idea"); }),
  policy("nan", (view) => ({
    state: 0,
    plan: { ...plan(view), configuration: { ...view.source.configuration, fps: NaN } },
    why: { reason: "not a number", inputs: {} },
  })),
  policy("giant", () => { for (;;) kept.push(new Array(1e6).fill(kept.length)); }),
  policy("slow", () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 260); }),
];
`;

/** On the machine of a hub, with the right that it leaves there. */
async function operatorOf({ store }: HubProgram): Promise<Operator> {
  const left = await readOperator(store);
  if (left === null) throw new Error("The hub must leave a token for its operator");
  return await connectOperator({ hub: left.url, token: left.token });
}

const PERIOD_MS = 100;

/** Asks again and again, as the hub decides behind whoever asks. */
async function until(
  operator: Operator,
  id: string,
  isSo: (told: ChangesReported) => boolean,
): Promise<ChangesReported> {
  for (;;) {
    const told = await operator.explain(parseSourceId(id), 0);
    if (isSo(told)) return told;
    await pause(PERIOD_MS);
  }
}

const starting = (id: string, node = "edge-1"): readonly string[] => [
  ..."run --pipeline apps/pipelines/default.yaml --source test:160x90@10,duration=1000".split(" "),
  ..."--realtime --detach --on".split(" "),
  node,
  "--id",
  id,
];

test("a policy that loops, throws, is slow, answers NaN or takes all memory is told of, and all else goes on as it was", async () => {
  writeFileSync(file, own(5));
  const hub = await startHub(folder, "misled", "--policies", file);
  const edge = await joined(hub, "edge-1");
  for (const id of ["cam-1", "cam-2"]) {
    const ran = await hub.sluice(...starting(id));
    assert.is(ran.exitCode, 0, ran.stderr);
  }
  const operator = await operatorOf(hub);
  const decideBy = (id: string, name: string) =>
    operator.setPolicy(parseSourceId(id), { name, parameters: {} });
  await decideBy("cam-2", "calm");
  const { changes } = await until(operator, "cam-1", ({ changes: all }) => all.length === 1);
  const before = changes[0]?.placement;
  for (const [name, said] of [
    ["looping", /longer than 200 ms/],
    ["giant", /ended/],
    ["throwing", /no idea/],
    ["nan", /fps/],
    ["slow", /took/],
  ] as const) {
    await decideBy("cam-1", name);
    const isTold = (reason = "") => reason.startsWith(`policy "${name}"`) && said.test(reason);
    const told = await until(operator, "cam-1", ({ now }) => isTold(now?.reason));
    assert.match(told.now?.reason ?? "", "the plan before it stays");
    assert.equal(told.changes.at(-1)?.placement, before);
    const fences = await operator.policyFences();
    assert.ok(
      fences.some(({ policy, text }) => policy === name && text !== ""),
      JSON.stringify(fences),
    );
    const count = await until(operator, "cam-2", ({ now }) => now?.reason === "counted");
    await until(
      operator,
      "cam-2",
      ({ now }) => Number(now?.inputs["count"]) > Number(count.now?.inputs["count"]),
    );
  }
  await operator.close();
  edge.signal("SIGTERM");
  await edge.ended;
  await endHub(hub);
});

test("a file of policies is read again as it changes and at SIGHUP, one that is broken is not, and a new hub goes on", async () => {
  writeFileSync(file, own(5));
  const hub = await startHub(folder, "replaced", "--policies", file);
  const edge = await joined(hub, "edge-2");
  const misspelt = await hub.sluice(...starting("cam-1", "edge-2"), "--policy", "calmer");
  assert.is(misspelt.exitCode, 1);
  assert.match(misspelt.stderr, /"calmer".* the hub has none of that name.*"calm".*dynamic/);
  for (const args of [
    starting("cam-1", "edge-2"),
    [...starting("cam-2", "edge-2"), "--policy", "calm", "--param", "of=3"],
  ]) {
    const ran = await hub.sluice(...args);
    assert.is(ran.exitCode, 0, ran.stderr);
  }
  const operator = await operatorOf(hub);
  const CAM = parseSourceId("cam-1");
  const started = (await operator.sources())[parseSourceId("cam-2")]?.policy;
  assert.equal([started?.name, started?.parameters], ["calm", { of: 3 }]);
  const beside = async (...given: readonly string[]) => {
    const set = await hub.sluice("policy", "cam-1", "calm", ...given);
    assert.is(set.exitCode, 0, set.stderr);
    return (await operator.sources())[CAM]?.policy.shadow?.name;
  };
  assert.is(await beside("--shadow", "dynamic"), "dynamic");
  assert.is(await beside(), "dynamic", "it stays beside whichever decides");
  assert.is(await beside("--shadow", "none"), undefined);
  const rate = ({ changes }: ChangesReported) => changes.at(-1)?.configuration.fps;
  await until(operator, "cam-1", (told) => rate(told) === 5 && Number(told.now?.inputs["count"]) > 0);

  writeFileSync(file, own(4));
  await hub.program.prints(/Policies of .*own\.mjs are read again/);
  const { now } = await until(operator, "cam-1", (told) => rate(told) === 4);
  assert.ok(Number(now?.inputs["count"]) > 0, "what it has learned is carried over");
  writeFileSync(file, `${own(3)}\nexport const = 3;\n`);
  hub.program.signal("SIGHUP");
  await hub.program.says(/error: .*own\.mjs.*line \d+.*those in force stay/);
  const refused = await hub.sluice("policies", "--reload");
  assert.is(refused.exitCode, 1);
  assert.match(refused.stderr, /own\.mjs.*line \d+/);
  const last = await operator.explain(CAM, 0);
  assert.is(rate(last), 4);
  writeFileSync(file, own(4));
  const reloaded = await hub.sluice("policies", "--reload");
  assert.is(reloaded.exitCode, 0, reloaded.stderr);
  assert.match(reloaded.stdout, /^The hub has read its file of policies again: calm, looping, /);
  await operator.close();
  await endHub(hub);

  const listen = hub.url.replace("ws://", "");
  const program = startSluice(["hub", "--listen", listen, "--store", hub.store, "--policies", file], {
    env: ALONE,
    timeoutMs: 170_000,
  });
  await program.prints(/Hub "cloud" at/);
  const again = { ...hub, program };
  const next = await operatorOf(again);
  const counted = Number(last.now?.inputs["count"]);
  const told = await until(next, "cam-1", (all) => Number(all.now?.inputs["count"]) > counted);
  assert.equal(
    told.changes.map(({ configuration }) => configuration.fps),
    [10, 5, 4],
    "as before, and no change since",
  );
  await next.close();
  edge.signal("SIGTERM");
  await edge.ended;
  await endHub(again);
});

test.run();
