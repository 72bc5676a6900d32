import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { completePlan, samePlan } from "../../../src/scheduling/plan.js";
import { OutcomeWindow } from "../../../src/scheduling/outcome-window.js";
import { createPolicies, startPolicy } from "../../../src/scheduling/policies.js";
import type { Plan } from "../../../src/scheduling/policy.js";
import { parseConfiguration, type Configuration } from "../../../src/task/configuration.js";
import { parseSpace } from "../../../src/task/configuration-space.js";
import type { SourceDescription } from "../../../src/task/requests.js";
import { CLOUD, DETECT, node, outcome, sample, source, view } from "../../actors/scheduler/cluster.js";
import { TWO_SIZES } from "../../task/pipelines.js";

const camera = source({
  configuration: parseConfiguration({ resolution: "640x360", fps: 10, framesPerTask: 1, encoding: "jpeg" }),
  space: parseSpace({ resolution: ["160x90", "320x180", "640x360"], fps: [2, 5, 10] }),
});

interface Second {
  readonly configuration: Configuration;
  readonly reason: string;
  readonly searching: boolean;
}

/** Runs the policy against a scene in which a configuration finds so many objects, at four tasks a second. */
function run(options: {
  readonly finds: (configuration: Configuration) => number;
  readonly seconds: number;
  readonly of?: SourceDescription;
  readonly mbps?: (second: number) => number;
  readonly parameters?: Readonly<Record<string, unknown>>;
}) {
  const { of: watched = camera } = options;
  const [first] = watched.pipeline.stages;
  const nodes = ["cloud", "edge-1"].map((name) =>
    node(
      name,
      watched.pipeline.stages.map(({ service }) => service),
    ),
  );
  let policy = startPolicy(createPolicies(), { name: "chameleon", parameters: options.parameters ?? {} });
  let plan: Plan | null = null;
  let epoch = 0;
  const window = new OutcomeWindow(0);
  const seconds: Second[] = [];
  for (let second = 0; second < options.seconds; second++) {
    const nowMs = second * 1_000;
    const mbps = options.mbps?.(second) ?? 100;
    const links = { cloud: { rttMs: 10, bandwidthMbps: mbps, bandwidthAgeMs: 0 } };
    const seen = {
      ...view({
        nodes,
        source: watched,
        plan,
        nowMs,
        samples: [sample("edge-1", { links }), sample("cloud")],
      }),
      recent: window.report(nowMs, null),
    };
    const decided = policy.decide(seen);
    policy = decided.run;
    const next: Plan = completePlan(decided.plan, { ...seen, accepted: null });
    if (plan === null || !samePlan(plan, next)) {
      plan = next;
      epoch += 1;
      window.restart({ configuration: plan.configuration, epoch, atMs: nowMs, pipelineVersion: 1 }, nowMs);
    }
    const { configuration } = plan;
    assert.is(plan.placement.get(first?.id ?? DETECT)?.[0], CLOUD);
    for (let index = 0; index < 4; index++) {
      const scene = { objects: options.finds(configuration), size: 0.1, speed: 0.1 };
      window.add(outcome(index, { configuration, scene, sourceAtMs: nowMs, settledAtMs: nowMs + 50 }), nowMs);
    }
    const { phase } = policy.state as { readonly phase: { readonly status: string } };
    seconds.push({ configuration, reason: decided.why.reason, searching: phase.status === "searching" });
  }
  return seconds;
}

/** Small pictures lose half of the objects, slow ones none. */
const sizeMatters = ({ width }: Configuration): number => (width >= 640 ? 10 : width >= 320 ? 9 : 4);

test("chameleon takes the cheapest configuration that finds nearly what the golden one does", () => {
  const { configuration } = run({ finds: sizeMatters, seconds: 60 }).at(-1) ?? {};
  assert.is(configuration?.width, 320);
  assert.is(configuration?.fps, 2);
});

test("chameleon tries each value of a knob once beside the golden ones, and no combinations", () => {
  const seconds = run({ finds: sizeMatters, seconds: 60 });
  const tried = new Set(
    seconds.filter(({ searching }) => searching).map(({ configuration }) => JSON.stringify(configuration)),
  );
  assert.is(tried.size, 5);
});

test("chameleon runs the lesser variant of a stage where that finds nearly as much, and the greater one where it does not", () => {
  const sized = source({
    pipeline: TWO_SIZES,
    configuration: parseConfiguration({ resolution: "640x360", fps: 5, framesPerTask: 1, encoding: "jpeg" }),
    space: parseSpace({ variants: { find: ["small", "large"] } }),
  });
  const variantWhere = (bySmall: number) => {
    const finds = ({ variants }: Configuration): number => (variants?.["find"] === "small" ? bySmall : 10);
    return run({ of: sized, finds, seconds: 60 }).at(-1)?.configuration.variants?.["find"];
  };
  assert.equal([variantWhere(9), variantWhere(5)], ["small", "large"]);
});

test("chameleon finds out anew after its period, and searches take no more than their share of the time", () => {
  let matters = true;
  const finds = (configuration: Configuration): number => (matters ? sizeMatters(configuration) : 5);
  const first = run({ finds, seconds: 400, parameters: { periodMs: 60_000, costShareMax: 0.1 } });
  const share = first.filter(({ searching }) => searching).length / first.length;
  assert.ok(share > 0.02 && share <= 0.12, `${share}`);
  matters = false;
  assert.is(run({ finds, seconds: 60 }).at(-1)?.configuration.width, 160);
});

test("chameleon gives up what links do not carry any more, and takes it back when they do", () => {
  const mbps = (second: number): number => (second > 100 && second < 200 ? 0.03 : 100);
  const seconds = run({ finds: sizeMatters, seconds: 290, mbps });
  assert.is(seconds[90]?.configuration.width, 320);
  assert.is(seconds[150]?.configuration.width, 160);
  assert.match(seconds[150]?.reason ?? "", "do not carry");
  assert.is(seconds[280]?.configuration.width, 320);
});

test("chameleon stays with what was asked for where the pipeline has no space", () => {
  const scope = view({ source: source() });
  const { plan } = startPolicy(createPolicies(), { name: "chameleon", parameters: {} }).decide(scope);
  assert.equal(plan.configuration, source().configuration);
});

test.run();
