import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { createActorSystem, silentLogger, type ActorRef, type Behaviour } from "../../../src/index.js";
import type { SluiceError } from "../../../src/task/errors.js";
import { parseSource } from "../../../src/actors/generator/source-spec.js";
import { spawnGenerator, type SpawnGeneratorOptions } from "../../../src/actors/generator/spawn.js";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type { GeneratorMessage, SourceEvent } from "../../../src/actors/protocol/generator.js";
import type { Configuration } from "../../../src/task/configuration.js";
import { parseNodeName, parseSourceId } from "../../../src/task/identity.js";
import type { Task } from "../../../src/task/task.js";
import { within } from "../../support/within.js";
import { pipelineOf } from "../../task/pipelines.js";
import { captureAll, childProcesses, makeClip, small } from "./clips.js";
import { vouch } from "../../support/vouchers.js";
import { pause } from "../../support/pause.js";

const clip = makeClip("clip.mp4", "25", 4);

interface Played {
  readonly tasks: readonly Task[];
  readonly ended: Extract<SourceEvent, { readonly type: "sourceEnded" }>;
}

/** Plays a source through a real system; its controller settles each task and may do more, by the task's sequence. */
function play(
  given: Partial<Omit<SpawnGeneratorOptions, "source">> & { readonly source: string },
  onTask: (sequence: number, generator: ActorRef<GeneratorMessage>) => void = () => {},
): Promise<Played> {
  const system = createActorSystem({ name: "edge-1", log: silentLogger });
  const tasks: Task[] = [];
  let generator: ActorRef<GeneratorMessage> | null = null;
  const configuration: Configuration = given.configuration ?? small({ fps: 10 });

  const controller: Behaviour<null, ControllerMessage> = {
    start: () => null,
    receive(state, message) {
      if (message.type === "attachGenerator") {
        generator = message.generator;
        generator.tell({
          type: "configure",
          configuration,
          epoch: 1,
          joinNodes: new Map(),
          statefulNodes: new Map(),
          placedOn: [],
          pause: null,
        });
      } else if (message.type === "submit" && generator !== null) {
        tasks.push(message.task);
        onTask(message.task.id.sequence, generator);
        generator.tell({ type: "taskSettled", id: message.task.id, outcome: { status: "stored" } });
      }
      return state;
    },
  };
  const { promise, resolve } = withResolvers<Played["ended"]>();
  const listener: Behaviour<null, SourceEvent> = {
    start: () => null,
    receive(state, message) {
      if (message.type === "sourceEnded") resolve(message);
      return state;
    },
  };
  spawnGenerator(system, {
    sourceId: parseSourceId("cam-1"),
    pipeline: pipelineOf({ a: [] }),
    incarnation: 1,
    vouch,
    cloud: parseNodeName("cloud"),
    controller: system.spawn(controller, { name: "controller" }),
    listener: system.spawn(listener, { name: "listener" }),
    paced: false,
    limit: null,
    nodes: { joinNodes: new Map(), statefulNodes: new Map(), placedOn: [] },
    ...given,
    configuration,
    source: parseSource(given.source),
  });
  const played = async (): Promise<Played> => {
    const ended = await promise;
    await system.terminate();
    return { tasks, ended };
  };
  return within(30_000, played(), `the end of ${given.source}`);
}

function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

const timesOf = (tasks: readonly Task[]) =>
  tasks.flatMap((task) => task.payload?.frames.map((frame) => frame.ptsUs) ?? []);

test("a file is played to its end through a window of one task", async () => {
  const { tasks, ended } = await play({ source: clip, window: { tasks: 1, bytes: 1 } });
  assert.is(ended.error, null);
  assert.is(ended.ledger.stored, 10);
  assert.is(ended.ledger.framesSkipped, 0);
  const { frames } = await captureAll(clip, { configuration: { fps: 10 } });
  assert.equal(
    timesOf(tasks),
    frames.map((frame) => frame.ptsUs),
  );
});

test("changes of size and encoding in mid-stream lose and repeat no frame", async () => {
  const { tasks, ended } = await play(
    { source: clip, configuration: small({ fps: 10, framesPerTask: 2 }), window: { tasks: 2, bytes: 1e9 } },
    (sequence, generator) => {
      if (sequence % 4 !== 1) return;
      const width = sequence % 8 === 1 ? 96 : 64;
      const encoding = sequence % 3 === 0 ? "jpeg" : "rgb";
      const configuration = small({ fps: 10, framesPerTask: 2, width, encoding });
      generator.tell({
        type: "configure",
        configuration,
        epoch: sequence,
        joinNodes: new Map(),
        statefulNodes: new Map(),
        placedOn: [],
        pause: null,
      });
    },
  );
  assert.is(ended.error, null);
  const { frames } = await captureAll(clip, { configuration: { fps: 10 } });
  assert.equal(
    timesOf(tasks),
    frames.map((frame) => frame.ptsUs),
  );
  assert.equal(new Set(tasks.map((task) => task.payload?.width)), new Set([64, 96]));
  assert.equal(new Set(tasks.map((task) => task.payload?.encoding)), new Set(["rgb", "jpeg"]));
});

test("a change of rate holds from the next task on", async () => {
  const { tasks } = await play({ source: clip, window: { tasks: 1, bytes: 1e9 } }, (sequence, generator) => {
    if (sequence !== 2) return;
    const configuration = small({ fps: 5 });
    generator.tell({
      type: "configure",
      configuration,
      epoch: 2,
      joinNodes: new Map(),
      statefulNodes: new Map(),
      placedOn: [],
      pause: null,
    });
  });
  const rates = tasks.map((task) => task.configuration.fps);
  assert.equal(
    rates,
    [...rates].sort((a, b) => b - a),
  );
  const slow = timesOf(tasks.filter((task) => task.configuration.fps === 5));
  assert.ok(slow.length >= 12);
  assert.ok(slow.slice(1).every((ptsUs, index) => ptsUs - (slow[index] ?? 0) === 200_000));
});

test("a source that is missing ends with one clear line", async () => {
  const { ended } = await play({ source: "/nowhere/clip.mp4" });
  assert.is((ended.error as SluiceError).code, "source-missing");
  assert.is(ended.ledger.created, 0);
});

test("a paced source takes as long as its presentation times say", async () => {
  const startedMs = performance.now();
  const { tasks } = await play({
    source: "test:64x36@25,duration=0.6",
    paced: true,
    configuration: small({ framesPerTask: 1 }),
  });
  assert.is(tasks.length, 15);
  assert.ok(performance.now() - startedMs >= 560);
  const [first, last] = [tasks[0], tasks.at(-1)];
  assert.ok(Math.abs((last?.sourceAtMs ?? 0) - (first?.sourceAtMs ?? 0) - 560) < 1e-3);
});

test("terminating the system in mid-stream leaves no ffmpeg behind", async () => {
  const system = createActorSystem({ name: "edge-1", log: silentLogger });
  const { promise, resolve } = withResolvers<null>();
  const controller: Behaviour<null, ControllerMessage> = {
    start: () => null,
    receive(state, message) {
      if (message.type === "submit") resolve(null);
      return state;
    },
  };
  spawnGenerator(system, {
    sourceId: parseSourceId("cam-1"),
    source: parseSource(clip),
    pipeline: pipelineOf({ a: [] }),
    configuration: small({ width: 640, height: 360 }),
    incarnation: 1,
    vouch,
    cloud: parseNodeName("cloud"),
    controller: system.spawn(controller, { name: "controller" }),
    listener: system.resolve("sluice://edge-1/nobody"),
    paced: false,
    limit: null,
    window: { tasks: 1, bytes: 1e9 },
    nodes: { joinNodes: new Map(), statefulNodes: new Map(), placedOn: [] },
  });
  await within(10_000, promise, "the first task");
  assert.is(childProcesses().length, 1);
  await within(5_000, system.terminate(), "the end of the system");
  const gone = async () => {
    while (childProcesses().length > 0) await pause();
  };
  await within(5_000, gone(), "ffmpeg to be gone");
});

test.run();
