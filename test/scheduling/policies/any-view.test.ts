import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { completePlan, samePlan } from "../../../src/scheduling/plan.js";
import { createPolicies, startPolicy } from "../../../src/scheduling/policies.js";
import type { Plan, PolicyRun } from "../../../src/scheduling/policy.js";
import { drawnViews } from "./random-views.js";

const policies = createPolicies();
/** Parameters that a policy cannot do without. */
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  fixed: { placement: { "stage-0": "edge-1" } },
  "offline-profile": {
    profile: [{ work: "s0", node: "edge-1", width: 640, height: 360, frameMs: 5, p95Ms: 9, count: 50 }],
  },
  guard: { policy: { name: "dynamic" }, tasksMin: 4 },
};

for (const name of policies.keys()) {
  test(`${name} gives a valid plan for any view, from plain views alone, and goes on from its state where it was`, () => {
    fc.assert(
      fc.property(drawnViews, fc.integer({ min: 1, max: 4 }), (drawn, rounds) => {
        let run: PolicyRun = startPolicy(policies, { name, parameters: PARAMETERS[name] ?? {} });
        let plan: Plan | null = null;
        for (let round = 0; round < rounds; round++) {
          const view = drawn.at(plan, round);
          const copied = structuredClone(view);
          const resumed = policies.get(name)?.resume(structuredClone(run.state));
          const decided = run.decide(view);
          assert.ok(isDeepStrictEqual(view, copied), "a policy changes nothing of what it sees");
          const complete = completePlan(decided.plan, { ...view, accepted: null });
          for (const { id, service } of view.source.pipeline.stages) {
            const nodes = complete.placement.get(id) ?? [];
            assert.ok(
              nodes.length > 0 && new Set(nodes).size === nodes.length,
              `${id} on ${nodes.join(", ")}`,
            );
            for (const at of nodes) {
              const offers = view.nodes.get(at)?.description.services.includes(service) === true;
              assert.ok(offers || at === view.fallback, `${id} on ${at}`);
            }
          }
          assert.ok(decided.why.reason.length > 0);
          const again = resumed?.decide(copied);
          assert.ok(
            again !== undefined &&
              samePlan(complete, completePlan(again.plan, { ...copied, accepted: null })),
          );
          assert.ok(isDeepStrictEqual(again.run.state, decided.run.state));
          plan = complete;
          run = decided.run;
        }
      }),
      { numRuns: 40 },
    );
  });
}

test.run();
