import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { ControllerMessage } from "../../src/actors/protocol/controller.js";
import type { PolicyReply, SchedulerMessage } from "../../src/actors/protocol/scheduler.js";
import { createRegistration, type Registration } from "../../src/node/registration.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { NativeVideo } from "../../src/task/native-video.js";
import type { SourceDescription } from "../../src/task/requests.js";
import { createSteppedSystem, type SteppedSystem } from "../support/stepped-system.js";
import { pipelineOf } from "../task/pipelines.js";

const id = parseSourceId("cam-1");

const videoText = ({ width, height, fps }: NativeVideo): string => `${width}x${height} ${fps}`;

interface Subject extends SteppedSystem {
  readonly registration: Registration;
  readonly source: SourceDescription;
  /** What the scheduler received so far, in words. */
  readonly received: readonly string[];
}

/** @param reply the scheduler's answer to a source; null where it gives none */
function start(reply: PolicyReply | null): Subject {
  const stepped = createSteppedSystem({ name: "edge-1" });
  const { system } = stepped;
  const received: string[] = [];
  const scheduler = system.spawn<null, SchedulerMessage>(
    {
      start: () => null,
      receive(state, message) {
        if (message.type === "registerNode") received.push(`${message.type} ${message.node.name}`);
        if (message.type === "removeNode") received.push(`${message.type} ${message.node}`);
        if (message.type === "removeSource") received.push(`${message.type} ${message.sourceId}`);
        if (message.type === "sourceOpened")
          received.push(`${message.type} ${message.sourceId} ${videoText(message.native)}`);
        if (message.type === "registerSource") {
          const { native } = message.source;
          received.push(`${message.type} ${message.source.id}${native ? ` ${videoText(native)}` : ""}`);
          if (reply !== null) message.replyTo?.tell(reply);
        }
        return state;
      },
    },
    { name: "scheduler" },
  );
  const registration = createRegistration({
    system,
    scheduler,
    node: { name: system.name, role: "edge", services: [] },
    controller: system.resolve<ControllerMessage>("sluice://edge-1/controller"),
  });
  const policy = { name: "edge-only", parameters: {} };
  const pipeline = pipelineOf({ a: [] });
  const source = { id, node: system.name, pipeline, configuration: DEFAULT_CONFIGURATION, policy };
  return { ...stepped, registration, source, received };
}

test("createRegistration announces the node with the sources that it keeps, as often as it is asked", () => {
  const { registration, source, received, settle } = start(null);
  registration.announce();
  registration.add(source);
  registration.announce();
  registration.remove(id, { suspended: false });
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
  const refused = registration.request(source, { isNew: true }).catch((thrown: unknown) => thrown);
  settle();
  assert.is(await refused, error);
  settle();
  assert.equal(received, ["registerSource cam-1"]);
});

test("createRegistration does not wait for a scheduler that gives no answer", async () => {
  const { registration, source, received, advance } = start(null);
  const requested = registration.request(source, { isNew: true });
  advance(1_000);
  await requested;
  assert.equal(received, ["registerSource cam-1"]);
});

test.run();
