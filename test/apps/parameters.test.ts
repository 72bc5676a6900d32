import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary-folder.js";
import { readParameters } from "../../apps/parameters.js";

test("readParameters takes JSON as such, other text as text, and names with dots as one inside another", () => {
  assert.equal(
    readParameters([
      "placement.detect=edge-1",
      'placement.track=["edge-2","cloud"]',
      "windowMs=500",
      "strict=true",
      "note=a=b",
      "empty=",
    ]),
    {
      placement: { detect: "edge-1", track: ["edge-2", "cloud"] },
      windowMs: 500,
      strict: true,
      note: "a=b",
      empty: "",
    },
  );
  assert.equal(readParameters([]), {});
});

test("readParameters takes the JSON of a file that is named with @, and refuses what is none", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "profile.json"), '[{ "work": "detect" }]');
  writeFileSync(join(folder, "none.json"), "[");
  assert.equal(readParameters([`profile=@${join(folder, "profile.json")}`]), {
    profile: [{ work: "detect" }],
  });
  for (const file of ["none.json", "missing.json"]) {
    assert.throws(() => readParameters([`profile=@${join(folder, file)}`]), /Cannot read parameter "@/);
  }
});

test("readParameters refuses what has no name or no value, and what says two things", () => {
  for (const wrong of [
    ["windowMs"],
    ["=5"],
    ["a..b=1"],
    ["a=1", "a=2"],
    ["a=1", "a.b=2"],
    ["a.b=1", "a=2"],
  ]) {
    assert.throws(() => readParameters(wrong), /Cannot read parameter/, wrong.join(" "));
  }
});

test("readParameters takes no name for a property of every object", () => {
  const read = readParameters(["__proto__.polluted=true", "constructor.name=x"]);
  assert.is(Reflect.get({}, "polluted"), undefined);
  assert.equal(Object.keys(read).sort(), ["__proto__", "constructor"]);
});

test.run();
