/** The sources that operators asked for, as their node starts again. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import { createRequestedSources, RESUME_AGAIN_MS } from "../../src/node/requested-sources.js";
import type { OwnSources } from "../../src/node/sources.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem } from "../../src/runtime/system.js";
import type { Journals } from "../../src/storage/journal/journal.js";
import { SluiceError } from "../../src/task/errors.js";
import type { SourceRequest } from "../../src/task/requests.js";
import { SERVICES } from "../support/local-run.js";
import { VirtualClock } from "../support/virtual-clock.js";

const REQUEST: SourceRequest = {
  id: "cam-1",
  source: "test:16x16@10,duration=1",
  pipeline: "pipeline: one\nversion: 1\nstages:\n  find:\n    service: motion\n",
  pipelineName: "one.yaml",
  configuration: {},
  policy: null,
  paced: false,
  limit: null,
};

/** @param errors of one attempt to start the source after the other */
async function resumed(errors: readonly Error[]) {
  const clock = new VirtualClock();
  const system = createActorSystem({ name: "edge-1", clock, log: silentLogger });
  const controller = system.spawn({ start: () => null, receive: () => null }, { name: "controller" });
  const left = [...errors];
  let attempts = 0;
  const events: string[] = [];
  let kept: readonly SourceRequest[] = [REQUEST];
  const requested = createRequestedSources({
    system,
    controller,
    sources: {
      has: () => false,
      addSource: () => {
        attempts += 1;
        const error = left.shift();
        return error === undefined ? Promise.resolve() : Promise.reject(error);
      },
    } as unknown as OwnSources,
    journals: { interrupted: () => Promise.resolve(kept) } as unknown as Journals,
    context: {
      services: SERVICES,
      sourcePolicy: "any",
      readPipeline: () => Promise.resolve({ pipeline: { id: "one" } } as never),
    },
    onEvent: (event: NodeEvent) => {
      if (event.type === "sourceResumed") events.push(event.error?.message ?? "resumed");
    },
  });
  await requested.resume();
  const later = async (): Promise<void> => {
    clock.advance(RESUME_AGAIN_MS);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    system,
    requested,
    events,
    later,
    attempts: () => attempts,
    keep: (requests: readonly SourceRequest[]) => (kept = requests),
  };
}

test("a source that cannot go on as a disk fails is tried again, until somebody ends it or its node does", async () => {
  const on = await resumed([new Error("disk"), new Error("disk")]);
  assert.equal(on.events, ["resumed", "disk"]);
  await on.later();
  await on.later();
  assert.is(on.attempts(), 3);
  await on.later();
  assert.is(on.attempts(), 3, "it runs");

  const ended = await resumed([new Error("disk")]);
  ended.keep([]);
  await ended.later();
  assert.is(ended.attempts(), 1);

  const over = await resumed([new Error("disk")]);
  await over.system.terminate();
  await over.later();
  assert.is(over.attempts(), 1);
});

test("a source that is asked for again by its order, as its answer was lost with the node, goes on and is not started again", async () => {
  const on = await resumed([]);
  assert.is(on.attempts(), 1);
  on.keep([{ ...REQUEST, order: "first" }]);
  await on.requested.add({ ...REQUEST, order: "first" });
  assert.is(on.attempts(), 1);
  await on.requested.add({ ...REQUEST, order: "second" });
  assert.is(on.attempts(), 2, "another order is another source, and refused as such");
  await on.system.terminate();
});

test("a source that can never go on is not tried again", async () => {
  const on = await resumed([new SluiceError("Cannot", { code: "source-invalid" })]);
  await on.later();
  assert.is(on.attempts(), 1);
  await on.system.terminate();
});

test.run();
