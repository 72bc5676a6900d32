/** What sources give, as their nodes tell: policies see it, and choose nothing above it. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import { createInlineDecisions } from "../../../src/actors/scheduler/inline-decisions.js";
import { createSchedulerRetained } from "../../../src/actors/scheduler/retained.js";
import { createScheduler } from "../../../src/actors/scheduler/scheduler.js";
import { createPolicies } from "../../../src/scheduling/policies.js";
import { bindPolicy, type PolicyView } from "../../../src/scheduling/policy.js";
import { createMemoryTrust } from "../../../src/storage/trust/trust.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { parseSpace } from "../../../src/task/configuration-space.js";
import { parseSourceId } from "../../../src/task/identity.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { CLOUD, EDGE_1, EDGE_2, node, source } from "./cluster.js";

const CAM_1 = parseSourceId("cam-1");
const NATIVE = { width: 640, height: 360, fps: 25 };

function setUp() {
  const seen: PolicyView["native"][] = [];
  /** Takes the most that there is. */
  const most = bindPolicy({
    name: "most",
    parse: () => null,
    start: () => null,
    decide(state: null, { source: { configuration, space }, native }: PolicyView) {
      seen.push(native);
      const [size = configuration, fps = configuration.fps] = [space?.resolutions.at(-1), space?.fps.at(-1)];
      const chosen = { ...configuration, width: size.width, height: size.height, fps };
      return {
        state,
        plan: { configuration: chosen, placement: new Map() },
        why: { reason: "most", inputs: {} },
      };
    },
  });
  const retained = createSchedulerRetained();
  const behaviour = createScheduler(
    {
      term: 1,
      epoch: 0,
      fallback: CLOUD,
      decisions: createInlineDecisions(createPolicies([most])),
      intervalMs: 1_000,
      moveLimits: {},
      nodesMax: 3,
      sourcesMax: 3,
      sourcesPerNodeMax: 3,
      pipelinesPerNodeMax: 3,
      owners: createMemoryTrust().owners,
      listener: null,
    },
    retained,
  );
  const scheduler = fold(behaviour, { address: "sluice://cloud/scheduler" });
  const controller = createProbe<ControllerMessage>("sluice://edge-1/controller");
  for (const name of ["cloud", "edge-1"])
    scheduler.tell({ type: "registerNode", node: node(name), controller });
  const camera = source({
    policy: { name: "most", parameters: {} },
    configuration: parseConfiguration({ resolution: "320x180", fps: 5 }),
    space: parseSpace({ resolution: ["320x180", "640x360", "1280x720"], fps: [5, 15, 30] }),
  });
  const register = (isNew = false) => scheduler.tell({ type: "registerSource", source: camera, isNew });
  register();
  const inForce = () => {
    const { width, height, fps } = retained.table?.sources.get(CAM_1)?.configuration ?? {};
    return `${width}x${height} ${fps}`;
  };
  return { scheduler, seen, register, inForce };
}

test("a source that is open is decided for again, and nothing above what it gives is chosen", () => {
  const { scheduler, seen, inForce } = setUp();
  assert.equal([inForce(), seen.at(-1)], ["1280x720 30", null]);
  scheduler.tell({ type: "sourceOpened", sourceId: CAM_1, node: EDGE_1, native: NATIVE });
  assert.equal([inForce(), seen.at(-1)], ["640x360 15", NATIVE]);
  scheduler.tell({ type: "configureSource", sourceId: CAM_1, knobs: { fps: 1 } });
  scheduler.tell({ type: "configureSource", sourceId: CAM_1, knobs: null });
  assert.is(inForce(), "640x360 15");
});

test("what a source gives is kept as its node registers it again, until it is started anew", () => {
  const { scheduler, seen, register, inForce } = setUp();
  scheduler.tell({ type: "sourceOpened", sourceId: CAM_1, node: EDGE_1, native: NATIVE });
  register();
  scheduler.tell({ type: "setPolicy", sourceId: CAM_1, policy: { name: "most", parameters: {} } });
  assert.equal([inForce(), seen.at(-1)], ["640x360 15", NATIVE]);
  register(true);
  assert.equal([inForce(), seen.at(-1)], ["1280x720 30", null]);
});

test("what another node says of a source, or of one that is none, counts for nothing", () => {
  const { scheduler, seen, inForce } = setUp();
  const decisions = seen.length;
  scheduler.tell({ type: "sourceOpened", sourceId: CAM_1, node: EDGE_2, native: NATIVE });
  scheduler.tell({ type: "sourceOpened", sourceId: parseSourceId("none"), node: EDGE_1, native: NATIVE });
  assert.equal([inForce(), seen.length], ["1280x720 30", decisions]);
});

test.run();
