import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { formatAddress, parseAddress, parseNodeName } from "../../src/runtime/address.js";
import type { ActorPath } from "../../src/runtime/brand.js";
import { RuntimeError } from "../../src/runtime/errors.js";

const letters = "abcXYZ019-_.".split("");
const name = fc
  .tuple(fc.constantFrom("a", "Z", "7"), fc.string({ unit: fc.constantFrom(...letters), maxLength: 30 }))
  .map((parts) => parts.join(""));

test("parseAddress reads what formatAddress writes", () => {
  const path = fc.array(name, { minLength: 1, maxLength: 6 }).map((names) => `/${names.join("/")}`);
  fc.assert(
    fc.property(name, path, fc.option(fc.integer({ min: 1, max: 2 ** 40 })), (node, where, incarnation) => {
      const address = { node: parseNodeName(node), path: where as ActorPath, incarnation };
      assert.equal(parseAddress(formatAddress(address)), address);
    }),
  );
});

test("parseAddress refuses everything else with address-invalid", () => {
  const wrong = [
    "",
    "edge-1/controller",
    "http://edge-1/controller",
    "sluice://edge-1",
    "sluice://edge-1/",
    "sluice://edge-1//a",
    "sluice:///a",
    "sluice://-edge/a",
    "sluice://edge-1/a#",
    "sluice://edge-1/a#0",
    "sluice://edge-1/a#x",
    "sluice://edge-1/a#99999999999999999999",
    "sluice://edge-1/../a b",
    `sluice://edge-1/${"a".repeat(129)}`,
    `sluice://${"a".repeat(65)}/a`,
    `sluice://edge-1${"/a".repeat(65)}`,
    "sluice://edge-1/a\n",
  ];
  for (const text of wrong) {
    assert.throws(
      () => parseAddress(text),
      (error: unknown) => error instanceof RuntimeError && error.code === "address-invalid",
      text,
    );
  }
});

test.run();
