import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { nameSources } from "../../apps/start/inputs.js";

test("nameSources gives no two sources one name, whatever their own names are", () => {
  for (const [texts, names] of [
    [
      ["a.mp4", "x/a.mp4", "a-2.mp4"],
      ["a", "a-2", "a-2-2"],
    ],
    [
      ["a-2.mp4", "a.mp4", "x/a.mp4"],
      ["a-2", "a", "a-3"],
    ],
    [
      ["a.mp4", "a-2.mp4", "x/a.mp4", "y/a.mp4"],
      ["a", "a-2", "a-3", "a-4"],
    ],
  ] as const) {
    assert.equal(
      nameSources(texts).map(({ id }) => id),
      names,
    );
  }
});

test.run();
