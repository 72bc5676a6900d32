import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { accessTo } from "../../../src/actors/guard/access.js";
import { startNodeIn } from "../../../src/node/node.js";
import { createRealWorld } from "../../../src/node/world.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { parseSourceId } from "../../../src/task/identity.js";
import { PAIR, QUICK, SERVICES } from "../../support/local-run.js";
import { scriptedSource } from "../../support/scripted-source.js";
import { within } from "../../support/within.js";

test("every actor that a node starts by itself has its rules, and none is open as a program's own", async () => {
  const names: string[] = [];
  const world = {
    ...createRealWorld(),
    decorate: <Behaviour>(name: string, behaviour: Behaviour): Behaviour => {
      names.push(name);
      return behaviour;
    },
  };
  const node = await startNodeIn(world, {
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    store: new MemoryStore(),
    services: SERVICES,
    limits: QUICK,
    onSchedule: () => {},
    log: silentLogger,
  });
  const { source, capture } = scriptedSource({ count: 1 });
  await node.addSource({ id: parseSourceId("cam-1"), source, capture, pipeline: PAIR });
  await within(10_000, node.sourceEnded(parseSourceId("cam-1")));
  await node.terminate();
  assert.ok(names.length >= 9, `found ${names.join(", ")}`);
  const open = names.filter((name) => accessTo(`/${name}`, "node").rules === null);
  assert.equal(open, []);
  const below = names.filter(
    (name) => name !== "guardian" && accessTo(`/${name}/child`, "node").rules === null,
  );
  assert.equal(below, []);
});

test("accessTo opens a program's own actors to nodes, and an operator's to nobody", () => {
  assert.equal(accessTo("/users-own", "node"), { rules: null, from: "nodes" });
  assert.equal(accessTo("/guardian/spawned", "node"), { rules: null, from: "nodes" });
  assert.equal(accessTo("/$ask/12", "operator"), { rules: null, from: "anybody" });
  for (const path of ["/users-own", "/guardian", "/guardian/spawned", "/controller", "/source-cam-1", "/"]) {
    assert.equal(accessTo(path, "operator"), { rules: {} }, path);
  }
});

test.run();
