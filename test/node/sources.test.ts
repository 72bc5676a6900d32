import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import { systemClock } from "../../src/runtime/clock.js";
import { silentLogger } from "../../src/runtime/log.js";
import type { Decorate } from "../../src/runtime/system-options.js";
import { createActorSystem, type ActorSystem } from "../../src/runtime/system.js";
import type { ControllerMessage } from "../../src/actors/protocol/controller.js";
import type { GeneratorMessage, NodeEvent } from "../../src/actors/protocol/generator.js";
import type { Registration } from "../../src/node/registration.js";
import { createSources, type SourceOptions, type SourcesOptions } from "../../src/node/sources.js";
import type { Journals } from "../../src/storage/journal/journal.js";
import { openLevelJournals } from "../../src/storage/journal/level-journals.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { SluiceError } from "../../src/task/errors.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import type { Task } from "../../src/task/task.js";
import { PAIR, SERVICES } from "../support/local-run.js";
import { createProbe } from "../support/probe.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { scriptedSource } from "../support/scripted-source.js";
import { within } from "../support/within.js";
import { vouch } from "../support/vouchers.js";

const id = parseSourceId("cam-1");
const configuration = parseConfiguration({ width: 16, height: 16, framesPerTask: 1 });

/** Keeps what it was asked, in order. */
function recordedRegistration(refusal: Error | null = null): { readonly calls: string[] } & Registration {
  const calls: string[] = [];
  return {
    calls,
    announce: () => void calls.push("announce"),
    withdraw: () => void calls.push("withdraw"),
    request(source, { isOwn }) {
      calls.push(`request ${source.id}${isOwn ? " of its own" : ""}`);
      return refusal === null ? Promise.resolve() : Promise.reject(refusal);
    },
    add: (source) => void calls.push(`add ${source.id}`),
    opened: (source) => void calls.push(`opened ${source}`),
    remove: (source) => void calls.push(`remove ${source}`),
  };
}

/** Takes every task; `onTask` sees each with its generator. */
function controllerOf(
  onTask: (task: Task, generator: ActorRef<GeneratorMessage>) => void,
): Behaviour<null, ControllerMessage> {
  let generator: ActorRef<GeneratorMessage> | null = null;
  return {
    start: () => null,
    receive(state, message) {
      if (message.type === "attachGenerator") generator = message.generator;
      if (message.type === "submit" && generator !== null) onTask(message.task, generator);
      return state;
    },
  };
}

async function withSources(
  {
    decorate = (_name, behaviour) => behaviour,
    ...given
  }: Partial<SourcesOptions> & { readonly registration: Registration; readonly decorate?: Decorate },
  onTask: (task: Task, generator: ActorRef<GeneratorMessage>) => void,
  work: (sources: ReturnType<typeof createSources>, system: ActorSystem) => Promise<void>,
): Promise<void> {
  const system = createActorSystem({ name: "edge-1", log: silentLogger, decorate });
  const sources = createSources({
    system,
    cloud: parseNodeName("cloud"),
    services: SERVICES,
    offers: () => true,
    controller: system.spawn(controllerOf(onTask), { name: "controller" }),
    listener: createProbe<NodeEvent>(),
    vouch,
    ...given,
  });
  try {
    await within(10_000, work(sources, system), "the sources");
  } finally {
    await system.terminate();
  }
}

const oneTask = (): SourceOptions => {
  const { source, capture } = scriptedSource({ count: 1 });
  return { id, source, capture, pipeline: PAIR, configuration };
};

const settle = (task: Task, generator: ActorRef<GeneratorMessage>): void =>
  generator.tell({ type: "taskSettled", id: task.id, outcome: { status: "stored" } });

test("createSources requests a source before it starts, and removes it once it has ended", async () => {
  const registration = recordedRegistration();
  await withSources({ registration }, settle, async (sources) => {
    await sources.addSource(oneTask());
    assert.equal(registration.calls, ["request cam-1", "add cam-1"]);
    const twice: unknown = await sources.addSource(oneTask()).catch((error: unknown) => error);
    assert.ok(twice instanceof SluiceError && twice.code === "source-invalid");
    await sources.sourceEnded(id);
    assert.equal(registration.calls, ["request cam-1", "add cam-1", "remove cam-1"]);
    assert.equal(await sources.ledgers(), []);
  });
});

test("createSources starts nothing that the scheduler refuses", async () => {
  const refusal = new Error("no such policy");
  const registration = recordedRegistration(refusal);
  await withSources({ registration }, settle, async (sources) => {
    assert.is(await sources.addSource(oneTask()).catch((error: unknown) => error), refusal);
    assert.equal(registration.calls, ["request cam-1"]);
    assert.equal(await sources.ledgers(), []);
  });
});

test("createSources ends a source at once that the hub refuses, with the reason, whatever it has under way", async () => {
  const registration = recordedRegistration();
  const listener = createProbe<NodeEvent>();
  // No task of it is ever settled.
  await withSources(
    { registration, listener },
    () => {},
    async (sources) => {
      await sources.addSource(oneTask());
      const ended = sources.sourceEnded(id);
      sources.refuse(id, new SluiceError("the name is another node's", { code: "source-invalid" }));
      await ended;
      const { error, ledger, goesOn } = listener.only("sourceEnded");
      assert.equal([error?.message, ledger.stored, goesOn], ["the name is another node's", 0, undefined]);
      assert.equal(registration.calls, ["request cam-1", "add cam-1", "remove cam-1"]);
      sources.refuse(id, new SluiceError("it is gone", { code: "source-invalid" }));
    },
  );
});

test("createSources delivers a task again by the delivery limits that it was given", async () => {
  const deliveries: number[] = [];
  const onTask = (task: Task, generator: ActorRef<GeneratorMessage>): void => {
    deliveries.push(task.delivery);
    if (task.delivery === 2) settle(task, generator);
  };
  const given = { registration: recordedRegistration(), delivery: { timeoutMs: 20 } };
  await withSources(given, onTask, async (sources) => {
    await sources.addSource(oneTask());
    await sources.sourceEnded(id);
    assert.equal(deliveries, [1, 2]);
  });
});

test("of two sources of one name that are added at once, the second is refused before anything of it starts", async () => {
  const registration = recordedRegistration();
  await withSources(
    { registration },
    () => {},
    async (sources) => {
      const added = await Promise.allSettled([sources.addSource(oneTask()), sources.addSource(oneTask())]);
      assert.equal(
        added.map(({ status }) => status),
        ["fulfilled", "rejected"],
      );
      assert.equal(registration.calls, ["request cam-1", "add cam-1"]);
      assert.is((await sources.ledgers()).length, 1);
    },
  );
});

test("a source that starts knows which nodes are gone", async () => {
  const told: string[] = [];
  const decorate: Decorate = (name, behaviour) =>
    name !== "source-cam-1"
      ? behaviour
      : {
          ...behaviour,
          receive(state, message, ctx) {
            const { type, node } = message as { readonly type: string; readonly node?: string };
            if (type.startsWith("node")) told.push(`${type} ${node}`);
            return behaviour.receive(state, message, ctx);
          },
        };
  const registration = recordedRegistration();
  await withSources({ registration, decorate }, settle, async (sources) => {
    const [away, back] = [parseNodeName("cloud"), parseNodeName("edge-2")];
    sources.tellOfNode({ type: "nodeGone", node: away, left: false });
    sources.tellOfNode({ type: "nodeGone", node: back, left: true });
    sources.tellOfNode({ type: "nodeBack", node: back });
    await sources.addSource(oneTask());
    sources.tellOfNode({ type: "nodeBack", node: away });
    await sources.sourceEnded(id);
    assert.equal(told, ["nodeGone cloud", "nodeBack cloud"]);
  });
});

test("a source that the journal of its node holds is its own, until it has ended", async () => {
  const registration = recordedRegistration();
  await inTemporaryFolder(async (folder) => {
    const clock = systemClock;
    const journals = await openLevelJournals(folder, { clock, log: silentLogger });
    const { journal } = await journals.open(id, {
      source: oneTask().source.label,
      nowMs: clock.now(),
      request: null,
    });
    await journal.suspend();
    await withSources({ registration, journals }, settle, async (sources) => {
      for (let n = 0; n < 2; n += 1) {
        await sources.addSource(oneTask());
        await sources.sourceEnded(id);
      }
      const requests = registration.calls.filter((call) => call.startsWith("request"));
      assert.equal(requests, ["request cam-1 of its own", "request cam-1"]);
    });
    await journals.close();
  });
});

test("a source whose journal cannot be opened is taken back: it does not run, and has no name", async () => {
  const registration = recordedRegistration();
  const full = new SluiceError("Cannot write: full", { code: "store-full" });
  const journals: Journals = {
    repairs: [],
    failure: full.message,
    open: () => Promise.reject(full),
    holds: () => Promise.resolve(false),
    interrupted: () => Promise.resolve([]),
    end: () => Promise.resolve(false),
  };
  await withSources({ registration, journals }, settle, async (sources) => {
    assert.is(await sources.addSource(oneTask()).catch((error: unknown) => error), full);
    assert.equal(registration.calls, ["request cam-1", "remove cam-1"]);
    assert.is(sources.has(id), false);
  });
});

test("a source that was refused leaves its name free", async () => {
  const refusal = new Error("no");
  const refusing = recordedRegistration(refusal);
  await withSources(
    { registration: refusing },
    () => {},
    async (sources) => {
      for (let n = 0; n < 2; n += 1) {
        const thrown: unknown = await sources.addSource(oneTask()).catch((error: unknown) => error);
        assert.is(thrown, refusal);
      }
    },
  );
});

test("a source whose tasks have fewer frames than a service of its pipeline needs is refused, with the mend", async () => {
  const registration = recordedRegistration();
  const declared = [...SERVICES].map(([name, service]) => [name, { ...service, framesMin: 2 }] as const);
  await withSources(
    { registration, services: new Map(declared) },
    () => {},
    async (sources) => {
      const thrown: unknown = await sources.addSource(oneTask()).catch((error: unknown) => error);
      assert.match(
        String(thrown),
        /needs 2 frames in a task, and its tasks have 1: set .*--frames-per-task\) to 2/,
      );
      assert.is((thrown as SluiceError).code, "configuration-invalid");
      assert.equal(registration.calls, []);
    },
  );
});

test.run();
