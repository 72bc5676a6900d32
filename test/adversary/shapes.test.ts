import * as assert from "uvu/assert";
import { accessTo, COMPONENTS } from "../../src/actors/guard/access.js";
import { guardFor } from "../../src/actors/guard/guard.js";
import { parseNodeName } from "../../src/task/identity.js";
import { Refusal } from "../../src/transport/cluster/guard.js";
import { createProbe } from "../support/probe.js";
import { test } from "../support/test.js";
import { EDGE_SHAPES, OPERATOR_SHAPES, UNSAID } from "./fuzz/shapes.js";

const SHAPES = { edge: EDGE_SHAPES, operator: OPERATOR_SHAPES } as const;
const ref = (address: string) => createProbe(address);

/** `/controller submit`, of all that a member of this role may say to the actors of a node by the rules of its gate. */
function sayable(role: keyof typeof SHAPES): readonly string[] {
  return [...COMPONENTS.map((name) => `/${name}`), "/source-fuzzed"].flatMap((path) => {
    const { rules } = accessTo(path, "node");
    return Object.entries(rules ?? {}).flatMap(([type, { from, grant }]) =>
      from.includes(role) || (grant !== undefined && role === "operator") ? [`${path} ${type}`] : [],
    );
  });
}

test("the fuzzer has a shape of each message that a member may say by the rules of the gate", () => {
  for (const role of ["edge", "operator"] as const) {
    const shaped = new Set(
      SHAPES[role].map(({ path, message }) => `${path} ${String(message("fuzz", ref)["type"])}`),
    );
    const missing = sayable(role).filter((name) => !shaped.has(name) && !UNSAID.has(name));
    assert.equal(missing, [], role);
  }
  for (const name of UNSAID.keys()) assert.ok(sayable("operator").includes(name), name);
});

test("each shape of the fuzzer is a true message before any of it is replaced, but for what its role may not say", () => {
  const guard = guardFor();
  for (const role of ["edge", "operator"] as const) {
    const from = { name: parseNodeName("fuzz"), roles: [role], grants: ["spawn"] } as const;
    const allowed = new Set(sayable(role));
    for (const { path, message } of SHAPES[role]) {
      const whole = message("fuzz", ref);
      const known = guard(from, path, whole);
      if (known instanceof Refusal) {
        // Of another node, or of nobody: that is what is tried with it.
        assert.is(known.reason, "denied", `${path} ${String(whole["type"])}: ${known.detail}`);
        continue;
      }
      assert.ok(allowed.has(`${path} ${String(whole["type"])}`), `${path} ${String(whole["type"])}`);
    }
  }
});

test.run();
