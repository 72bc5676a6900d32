import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import type { ControllerMessage } from "../../src/actors/protocol/controller.js";
import type { PolicyReply, SchedulerMessage } from "../../src/actors/protocol/scheduler.js";
import { createRegistration, type Registration } from "../../src/node/registration.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { SluiceError } from "../../src/task/errors.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { NativeVideo } from "../../src/task/native-video.js";
import type { SourceDescription } from "../../src/task/requests.js";
import { createSteppedSystem, type SteppedSystem } from "../support/stepped-system.js";
import { pipelineOf } from "../task/pipelines.js";

const id = parseSourceId("cam-1");

const videoText = ({ width, height, fps }: NativeVideo): string => `${width}x${height} ${fps}`;

interface Subject extends SteppedSystem {
  /** Sources whose announcement was refused, with the reason. */
  readonly refused: readonly string[];
  readonly registration: Registration;
  readonly source: SourceDescription;
  /** What the scheduler received so far, in words. */
  readonly received: readonly string[];
  /** Starts the scheduler where there is none yet. */
  readonly comeUp: () => void;
}

/** @param reply the scheduler's answer to a source; null where it gives none */
function start(reply: PolicyReply | null): Subject {
  const subject = startUnreachable(reply);
  subject.comeUp();
  return subject;
}

/** There is no scheduler yet. */
function startUnreachable(reply: PolicyReply | null = { type: "policySet", sourceId: id }): Subject {
  const stepped = createSteppedSystem({ name: "edge-1" });
  const { system } = stepped;
  const received: string[] = [];
  const refused: string[] = [];
  const behaviour: Behaviour<null, SchedulerMessage> = {
    start: () => null,
    receive(state, message) {
      if (message.type === "registerNode") received.push(`${message.type} ${message.node.name}`);
      if (message.type === "removeNode") received.push(`${message.type} ${message.node}`);
      if (message.type === "removeSource") {
        received.push(`${message.type} ${message.sourceId}`);
        message.replyTo?.tell({ type: "sourceRemoved", sourceId: message.sourceId, node: system.name });
      }
      if (message.type === "sourceOpened")
        received.push(`${message.type} ${message.sourceId} ${videoText(message.native)}`);
      if (message.type === "registerSource") {
        const { native } = message.source;
        received.push(`${message.type} ${message.source.id}${native ? ` ${videoText(native)}` : ""}`);
        if (reply !== null) message.replyTo?.tell(reply);
      }
      return state;
    },
  };
  const registration = createRegistration({
    system,
    scheduler: system.resolve<SchedulerMessage>("sluice://edge-1/scheduler"),
    node: { name: system.name, role: "edge", services: [] },
    controller: system.resolve<ControllerMessage>("sluice://edge-1/controller"),
    onRefused: (source, error) => void refused.push(`${source}: ${error.message}`),
  });
  const policy = { name: "edge-only", parameters: {} };
  const pipeline = pipelineOf({ a: [] });
  const source = { id, node: system.name, pipeline, configuration: DEFAULT_CONFIGURATION, policy };
  const comeUp = (): void => void system.spawn(behaviour, { name: "scheduler" });
  return { ...stepped, refused, registration, source, received, comeUp };
}

/** Lets what waits for promises go on as time passes. */
async function passing(advance: (ms: number) => void, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    advance(50);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("createRegistration announces the node with the sources that it keeps, as often as it is asked", () => {
  const { registration, source, received, settle } = start(null);
  registration.announce();
  registration.add(source);
  registration.announce();
  registration.remove(id, { suspended: false, failed: false });
  registration.announce();
  registration.withdraw();
  settle();
  assert.equal(received, [
    "registerNode edge-1",
    "registerNode edge-1",
    "registerSource cam-1",
    "removeSource cam-1",
    "registerNode edge-1",
    "removeNode edge-1",
  ]);
});

test("createRegistration says of an announced source that the scheduler refuses it, and of none that has ended", async () => {
  const error = new SluiceError("the name is taken", { code: "source-invalid" });
  const { registration, source, refused, advance } = start({ type: "policyRefused", sourceId: id, error });
  registration.announce();
  registration.add(source);
  registration.announce();
  await passing(advance, 100);
  assert.equal(refused, ["cam-1: the name is taken"]);
  registration.announce();
  registration.remove(id, { suspended: false, failed: false });
  await passing(advance, 100);
  assert.is(refused.length, 1);
});

test("createRegistration tells what a source gives where it is news, and with every announcement after it", () => {
  const { registration, source, received, settle } = start(null);
  registration.opened(id, { width: 640, height: 360, fps: 25 });
  registration.add(source);
  registration.opened(id, { width: 640, height: 360, fps: 25 });
  registration.opened(id, { width: 640, height: 360, fps: 25 });
  registration.opened(id, { width: 0, height: 360, fps: 25 });
  registration.opened(id, { width: 1280, height: 720, fps: Number.NaN });
  registration.announce();
  settle();
  assert.equal(received, [
    "sourceOpened cam-1 640x360 25",
    "sourceOpened cam-1 1280x720 null",
    "registerNode edge-1",
    "registerSource cam-1 1280x720 null",
  ]);
});

test("createRegistration throws what the scheduler refuses a source for, which is all there is to it", async () => {
  const error = new Error("no such policy");
  const { registration, source, received, settle } = start({ type: "policyRefused", sourceId: id, error });
  const refused = registration
    .request(source, { isNew: true, isOwn: false })
    .catch((thrown: unknown) => thrown);
  settle();
  assert.is(await refused, error);
  settle();
  assert.equal(received, ["registerSource cam-1"]);
});

test("createRegistration does not wait long for a scheduler where the source was confirmed before", async () => {
  const { registration, source, received, advance } = start(null);
  const requested = registration.request(source, { isNew: true, isOwn: true });
  advance(1_000);
  await requested;
  assert.equal(received, ["registerSource cam-1"]);
});

test("createRegistration lets no source start that no scheduler has confirmed, and takes its request back", async () => {
  const { registration, source, received, advance } = start(null);
  const refused = registration
    .request(source, { isNew: true, isOwn: false })
    .catch((thrown: unknown) => thrown);
  advance(10_000);
  const error = await refused;
  advance(0);
  assert.ok(error instanceof SluiceError);
  assert.equal([error.code, error.retry], ["source-unconfirmed", "backoff"]);
  assert.equal(received, ["registerSource cam-1", "removeSource cam-1"]);
});

test("createRegistration says that a source has ended until it is heard, and no more once it is asked for again", async () => {
  const gone = { suspended: false, failed: false };
  const { registration, source, received, advance, comeUp } = startUnreachable();
  registration.add(source);
  registration.remove(id, gone);
  await passing(advance, 1_000);
  comeUp();
  await passing(advance, 3_000);
  assert.equal(received, ["removeSource cam-1"]);
  const other = startUnreachable();
  other.registration.remove(id, gone);
  await passing(other.advance, 1_000);
  const asked = other.registration.request(other.source, { isNew: true, isOwn: false });
  other.comeUp();
  await passing(other.advance, 3_000);
  await asked;
  assert.equal(other.received, ["registerSource cam-1"]);
});

test("createRegistration asks again while there is no way to the scheduler, and ends that with its node", async () => {
  const { registration, source, advance, comeUp } = startUnreachable();
  let confirmed = false;
  const asked = registration.request(source, { isNew: true, isOwn: false }).then(() => (confirmed = true));
  await passing(advance, 3_000);
  assert.is(confirmed, false);
  comeUp();
  await passing(advance, 300);
  await asked;

  const other = startUnreachable();
  const ended = other.registration
    .request(other.source, { isNew: true, isOwn: false })
    .catch((thrown: unknown) => thrown);
  await passing(other.advance, 500);
  void other.system.terminate();
  await passing(other.advance, 300);
  const error = await ended;
  assert.ok(error instanceof SluiceError);
  assert.is(error.code, "source-unconfirmed");
});

test.run();
