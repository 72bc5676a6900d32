import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { createModelDesk, type ModelDeskPorts } from "../../../src/node/models/model-desk.js";
import type { SchedulerMessage } from "../../../src/actors/protocol/scheduler.js";
import type { ModelPartReply, ModelReply } from "../../../src/actors/protocol/models.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";

const MODEL = { file: "a.onnx", bytes: 4, sha256: "0".repeat(64) };

test("a model desk gives a node one part at a time, few at once and all in turn, and counts what is asked beside one", async () => {
  const scheduler = createProbe<SchedulerMessage>("sluice://cloud/scheduler");
  const refusals: string[] = [];
  const open: (() => void)[] = [];
  const models = [MODEL];
  const ports: ModelDeskPorts = {
    find: (file) => Promise.resolve(file === MODEL.file ? { ...MODEL, description: null } : null),
    read: (_, sha256, offset) =>
      new Promise((resolve) =>
        open.push(() => resolve(sha256 === MODEL.sha256 ? new Uint8Array([offset]) : null)),
      ),
    list: () => Promise.resolve([...models]),
    state: () => Promise.resolve(String(models.length)),
    scheduler,
    countRefusal: (kind) => void refusals.push(kind),
  };
  const desk = fold(createModelDesk(ports));
  await desk.settle();
  assert.equal(scheduler.all("modelsKept"), [{ type: "modelsKept", models: [MODEL] }]);
  desk.advance(2_000);
  await desk.settle();
  assert.is(scheduler.all("modelsKept").length, 1, "nothing has changed");
  models.pop();
  desk.advance(2_000);
  await desk.settle();
  assert.equal(scheduler.all("modelsKept")[1]?.models, []);

  const asker = createProbe<ModelReply>("sluice://edge-1/$ask/1");
  for (const file of ["a.onnx", "b.onnx"]) desk.tell({ type: "findModel", file, replyTo: asker });
  await desk.settle();
  assert.is(asker.only("modelFound").sha256, MODEL.sha256);
  assert.match(asker.only("modelRefused").error.message, /the hub has no model "b.onnx".*sluice model list/);

  const ask = (node: number, sha256 = MODEL.sha256) => {
    const replyTo = createProbe<ModelPartReply>(`sluice://edge-${node}/$ask/2`);
    desk.tell({ type: "readModel", file: "a.onnx", sha256, offset: node, replyTo });
    return replyTo;
  };
  const parts = [1, 2, 3, 4, 5, 6].map((node) => ask(node));
  assert.is(open.length, 4, "the others wait");
  assert.match(ask(1).only("modelRefused").error.message, /on its way already/);
  assert.match(ask(6).only("modelRefused").error.message, /on its way already/);
  assert.equal(refusals, ["model-busy", "model-busy"]);
  while (open.length > 0) {
    open.shift()?.();
    await desk.settle();
  }
  assert.equal(
    parts.map((part) => part.only("modelPart").data),
    [1, 2, 3, 4, 5, 6].map((node) => new Uint8Array([node])),
  );
  const changed = ask(1, "1".repeat(64));
  open.shift()?.();
  await desk.settle();
  assert.match(changed.only("modelRefused").error.message, /no longer there, or another one/);
});

test.run();
