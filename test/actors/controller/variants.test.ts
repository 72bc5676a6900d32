import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { parseStageId, stageKeyText, type StageKey } from "../../../src/task/identity.js";
import type { RoutingTable } from "../../../src/task/routing-table.js";
import { createProbe } from "../../support/probe.js";
import { newTask, resultOf, TWO_SIZES } from "../../task/pipelines.js";
import { CLOUD, EDGE, hopOf, routerOf, SOURCE, tableOf } from "./controller-subject.js";

const FIND = parseStageId("find");
const keyOf = (variant: string): StageKey => ({
  pipelineId: TWO_SIZES.id,
  pipelineVersion: 1,
  stage: FIND,
  variant,
});

function tableIn(epoch: number, variant: string): RoutingTable {
  const table = tableOf(TWO_SIZES, epoch, EDGE);
  const sources = new Map(
    [...table.sources].map(([id, route]) => [
      id,
      { ...route, configuration: { ...DEFAULT_CONFIGURATION, variants: { find: variant } } },
    ]),
  );
  return { ...table, sources };
}

function subjectWith(variant: string) {
  const subject = routerOf(EDGE, {}, undefined, () => true);
  subject.install(tableIn(1, variant));
  const start = (name: string) => {
    const processor = createProbe<ProcessorMessage>(`sluice://edge-1/processors/${name}`);
    subject.router.tell({ type: "processorStarted", stage: keyOf(name), processor, incarnation: 1 });
    return processor;
  };
  const submit = (sequence: number, delivery = 1) => {
    for (const task of newTask(TWO_SIZES, sequence))
      subject.router.tell({ type: "submit", task: { ...task, delivery } });
  };
  return { ...subject, start, submit };
}

test("a controller loads the variant that the table names, and gives it the tasks of the source", () => {
  const { processors, start, submit } = subjectWith("small");
  const [ensured] = processors.all("ensureProcessor");
  assert.equal([ensured?.stage, ensured?.variant], [FIND, "small"]);
  const small = start("small");
  submit(0);
  assert.is(small.all("execute").length, 1);
});

test("a variant that a new table names gets what no processor has yet, and an answer of the one before still counts", () => {
  const { router, start, submit, install, other } = subjectWith("small");
  const small = start("small");
  for (let sequence = 0; sequence < 18; sequence++) submit(sequence);
  install(tableIn(2, "large"));
  const large = start("large");
  assert.equal([small.all("execute").length, large.all("execute").length], [16, 2]);
  const given = small.all("execute")[0]?.task;
  if (given === undefined) throw new Error("No task");
  const hop = { ...hopOf(given, EDGE, 1), variant: "small" };
  router.tell({ type: "stageCompleted", task: given, result: resultOf("boxes"), hop });
  router.tell({ type: "stageCompleted", task: given, result: resultOf("boxes"), hop });
  assert.is(router.state().retained.counts.processed, 1);
  const next = router.state().retained.inboxes.get("sizes@1/sort");
  assert.is(next?.waiting.values().next().value?.task.hops[0]?.variant, "small");
  assert.is(other(CLOUD), undefined);
});

test("a variant that cannot be loaded is excluded, and the other one of the stage is not", () => {
  const { router, scheduler, install, start, submit } = subjectWith("large");
  router.tell({ type: "processorFailed", stage: keyOf("large"), error: new Error("too large") });
  const [failed] = scheduler.all("stageUnavailable");
  assert.is(failed && stageKeyText(failed.failure.stage), "sizes@1/find:large");
  install(tableIn(2, "small"));
  const small = start("small");
  submit(0);
  assert.is(small.all("execute").length, 1);
});

test("a drop by one variant takes the task out of its inbox and no other", () => {
  const { router, start, submit, install, distributor } = subjectWith("small");
  const small = start("small");
  submit(0);
  install(tableIn(2, "large"));
  const large = start("large");
  submit(0, 2);
  assert.is(large.all("execute").length, 1, "delivered again, and the newest table decides");
  const given = small.only("execute").task;
  const reason = { reason: "serviceFailed", detail: "" } as const;
  router.tell({ type: "stageDropped", task: given, variant: "small", ...reason });
  const { inboxes } = router.state().retained;
  assert.equal(
    [inboxes.get("sizes@1/find:small")?.inFlight.size, inboxes.get("sizes@1/find:large")?.inFlight.size],
    [0, 1],
  );
  assert.is(distributor.only("recordDrop").drop.id.sourceId, SOURCE);
});

test.run();
