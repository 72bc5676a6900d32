import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef, Lane } from "../../src/runtime/actor-ref.js";
import type { Behaviour, Terminated } from "../../src/runtime/behaviour.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import { parseNodeName } from "../../src/runtime/address.js";
import { createLocalMesh } from "../../src/transport/local-mesh.js";
import { createSteppedSystem } from "../support/stepped-system.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem } from "../../src/runtime/system.js";
import { remoteContract } from "../contract/remote.js";
import { VirtualClock } from "../support/virtual-clock.js";
import { within } from "../support/within.js";

remoteContract(
  "local mesh",
  {
    messages: "shared",
    codecLimits: false,
    invalidRefs: "deadLetter",
    order: "perNode",
    stops: "any",
    stopsUnreachable: "resolves",
  },
  () => {
    const mesh = createLocalMesh();
    const clock = new VirtualClock();
    const join = (name: string) => {
      const system = createActorSystem({ name, clock, log: silentLogger });
      mesh.join(system);
      return system;
    };
    const [here, there] = [join("edge"), join("cloud")];
    return Promise.resolve({
      here,
      there,
      cut: () => mesh.leave(there.name),
      async end() {
        await here.terminate();
        await there.terminate();
      },
    });
  },
);

function pair() {
  const mesh = createLocalMesh();
  const edge = createSteppedSystem({ name: "edge" });
  const cloud = createSteppedSystem({ name: "cloud" });
  mesh.join(edge.system);
  mesh.join(cloud.system);
  const settle = (): void => {
    for (let round = 0; round < 5; round++) {
      edge.settle();
      cloud.settle();
    }
  };
  return { mesh, edge: edge.system, cloud: cloud.system, settle };
}

function recorder<Message>(received: Message[]): Behaviour<null, Message> {
  return {
    start: () => null,
    receive(state, message) {
      received.push(message);
      return state;
    },
  };
}

test("local mesh delivers messages later, in order, in the lane they were sent in", () => {
  const { edge, cloud, settle } = pair();
  const received: string[] = [];
  cloud.spawn(recorder(received), { name: "sink" });
  const sink = edge.resolve<string>("sluice://cloud/sink");
  const lanes: Lane[] = ["data", "control", "data", "control"];
  lanes.forEach((lane, index) => sink.tell(`${lane} ${index}`, lane));
  assert.equal(received, []);
  settle();
  assert.equal(received, ["control 1", "control 3", "data 0", "data 2"]);
});

test("local mesh binds refs to the receiving node: a reply finds its way, and a ref to an actor there is local", async () => {
  const { edge, cloud, settle } = pair();
  interface Question {
    readonly nested: { readonly list: readonly ActorRef<string>[] };
    readonly frame: Uint8Array;
  }
  const seen: Question[] = [];
  const answerer: Behaviour<null, Question> = {
    start: () => null,
    receive(state, question) {
      seen.push(question);
      for (const ref of question.nested.list) ref.tell("answer");
      return state;
    },
  };
  const received: string[] = [];
  const onCloud = cloud.spawn(recorder(received), { name: "local" });
  cloud.spawn(answerer, { name: "answerer" });
  const frame = new Uint8Array(8);
  const reply = edge.ask<Question, string>(edge.resolve("sluice://cloud/answerer"), (replyTo) => ({
    nested: { list: [replyTo, edge.resolve(onCloud.address)] },
    frame,
  }));
  settle();
  assert.is(await within(1_000, reply), "answer");
  assert.equal(received, ["answer"]);
  const [question] = seen;
  assert.is(question?.frame, frame, "bytes are shared");
  assert.is(question?.nested.list[1], onCloud);
});

test("local mesh: a node that never joined or has left is unreachable, for tell, ask and watch", async () => {
  const { mesh, edge, cloud, settle } = pair();
  const ref = cloud.spawn(recorder<string>([]), { name: "sink" });
  const sink = edge.resolve<string>(ref.address);
  const events: Terminated[] = [];
  edge.watch(sink, (event) => events.push(event));
  settle();
  assert.equal(events, []);
  mesh.leave(parseNodeName("cloud"));
  settle();
  assert.equal(events, [{ address: sink.address, reason: "unreachable" }]);
  sink.tell("lost");
  edge.resolve<string>("sluice://nowhere/actor").tell("lost");
  assert.is(edge.deadLetters.countByReason.unreachable, 2);
  try {
    await within(
      1_000,
      edge.ask<string, string>(sink, () => "lost"),
    );
    assert.unreachable();
  } catch (thrown) {
    assert.ok(thrown instanceof RuntimeError && thrown.code === "node-unreachable");
  }
  edge.watch(sink, (event) => events.push(event));
  settle();
  assert.is(events.length, 2);
  cloud.resolve<string>("sluice://edge/actor").tell("lost too");
  assert.is(cloud.deadLetters.countByReason.unreachable, 1, "a node that has left reaches no other");
});

test("local mesh: a watch on another node fires once when the actor stops, not again when the node leaves", () => {
  const { mesh, edge, cloud, settle } = pair();
  const ref = cloud.spawn(recorder<string>([]), { name: "mortal" });
  const events: Terminated[] = [];
  const watcher: Behaviour<null, Terminated> = {
    start(ctx) {
      ctx.watch(ctx.resolve(ref.address), (event) => event);
      ctx.watch(ctx.resolve("sluice://cloud/never-was"), (event) => event);
      return null;
    },
    receive(state, event) {
      events.push(event);
      return state;
    },
  };
  edge.spawn(watcher, { name: "watcher" });
  settle();
  assert.equal(events, [{ address: "sluice://cloud/never-was", reason: "stopped" }]);
  void cloud.stop(ref);
  settle();
  mesh.leave(parseNodeName("cloud"));
  settle();
  assert.equal(events.slice(1), [{ address: ref.address, reason: "stopped" }]);
});

test("local mesh: the watches of a node that leaves fire as unreachable", () => {
  const { mesh, edge, cloud, settle } = pair();
  const ref = cloud.spawn(recorder<string>([]), { name: "sink" });
  const events: Terminated[] = [];
  edge.watch(edge.resolve(ref.address), (event) => events.push(event));
  edge.watch(edge.resolve(ref.address), (event) => events.push(event))();
  mesh.leave(parseNodeName("edge"));
  settle();
  assert.equal(events, [{ address: ref.address, reason: "unreachable" }]);
  void cloud.stop(ref);
  settle();
  assert.is(events.length, 1);
});

test("local mesh: an ask of a node that leaves fails at once, and a reply that comes later is a dead letter", async () => {
  const { mesh, edge, cloud, settle } = pair();
  const asked: ActorRef<string>[] = [];
  cloud.spawn(recorder(asked), { name: "slow" });
  const slow = edge.resolve<ActorRef<string>>("sluice://cloud/slow");
  const outcome = edge
    .ask<ActorRef<string>, string>(slow, (replyTo) => replyTo)
    .catch((error: unknown) => (error instanceof RuntimeError ? error.code : error));
  settle();
  assert.is(asked.length, 1);
  mesh.leave(parseNodeName("cloud"));
  assert.is(await within(1_000, outcome), "node-unreachable");
  asked[0]?.tell("into the void");
  settle();
  assert.is(cloud.deadLetters.countByReason.unreachable, 1);
  mesh.join(cloud);
  asked[0]?.tell("too late");
  settle();
  assert.is(edge.deadLetters.countByReason.stopped, 1);
});

test("local mesh: an ask that fails on the other node fails at once", async () => {
  const { edge, cloud, settle } = pair();
  const failing: Behaviour<null, ActorRef<string>> = {
    start: () => null,
    receive() {
      throw new Error("asked to fail");
    },
  };
  cloud.spawn(failing, { name: "failing", restart: "temporary" });
  cloud.spawn(recorder([]), { name: "full", mailbox: { capacity: 1 } });
  const ask = (name: string) =>
    edge
      .ask<ActorRef<string>, string>(edge.resolve(`sluice://cloud/${name}`), (replyTo) => replyTo)
      .catch((error: unknown) => (error instanceof RuntimeError ? error.code : error));
  const outcomes = ["nobody", "failing", "full", "full"].map(ask);
  settle();
  void edge.terminate();
  assert.equal(await within(1_000, Promise.all(outcomes)), [
    "actor-stopped",
    "actor-failed",
    "actor-stopped",
    "mailbox-full",
  ]);
});

test("local mesh: tell never throws, whatever is in the message", () => {
  const { edge } = pair();
  const sink = edge.resolve<unknown>("sluice://cloud/sink");
  const stray = { address: "no address", tell: () => {}, toJSON: () => "no address" };
  const broken = {
    get field(): never {
      throw new Error("getter");
    },
  };
  sink.tell({ stray });
  sink.tell(broken);
  assert.is(edge.deadLetters.countByReason.unencodable, 2);
});

test("local mesh refuses what could not cross nodes: functions, promises, objects of a class, endless depth", () => {
  const { edge, cloud, settle } = pair();
  const received: unknown[] = [];
  cloud.spawn(recorder(received), { name: "sink" });
  const sink = edge.resolve<unknown>("sluice://cloud/sink");
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const wrong = [() => 1, { deep: [() => 1] }, Promise.resolve(1), new Date(), Symbol("s"), cycle];
  for (const message of wrong) sink.tell(message);
  settle();
  assert.equal(received, []);
  assert.is(edge.deadLetters.countByReason.unencodable, wrong.length);
});

test("local mesh shares plain data and copies only the way to a ref", () => {
  const { edge, cloud, settle } = pair();
  const received: Record<string, unknown>[] = [];
  cloud.spawn(recorder(received), { name: "sink" });
  const plain = {
    map: new Map([["key", { n: 1 }]]),
    set: new Set([1]),
    error: new Error("kept"),
    none: null,
  };
  const ref = edge.spawn(recorder<string>([]), { name: "ref" });
  const mixed = { refs: new Map([["edge", ref]]), plain };
  const sink = edge.resolve<Record<string, unknown>>("sluice://cloud/sink");
  sink.tell(plain);
  sink.tell(mixed);
  settle();
  assert.is(received[0], plain);
  assert.is.not(received[1], mixed);
  assert.is(received[1]?.["plain"], plain);
  const refs = received[1]?.["refs"] as Map<string, ActorRef<string>>;
  assert.is(refs.get("edge")?.address, ref.address);
  assert.is.not(refs.get("edge"), ref, "the way back leads through the mesh");
  assert.is(mixed.refs.get("edge"), ref, "the sender's message is as it was");
});

test("local mesh refuses a second node of one name, and takes it once the first has left", () => {
  const { mesh } = pair();
  const twin = createSteppedSystem({ name: "edge" }).system;
  assert.throws(() => mesh.join(twin), TypeError);
  mesh.leave(twin.name);
  mesh.join(twin);
});

test.run();
