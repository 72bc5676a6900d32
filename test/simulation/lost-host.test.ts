import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { LostHost } from "../../src/simulation/lost-host.js";

const SOURCES = [
  { host: "edge-1", candidates: [] },
  { host: "", candidates: ["edge-2", "edge-3"] },
  { host: "", candidates: ["edge-3"] },
];
const HOSTS = ["cloud", "edge-1", "edge-2", "edge-3"];

test("LostHost loses the first host that is killed and whose sources others may capture, and no other one", () => {
  const lost = new LostHost(true, () => [...SOURCES, { host: "", candidates: ["edge-2", "cloud"] }]);
  assert.equal(lost.replaceable(HOSTS), ["cloud", "edge-2"]);
  for (const name of ["edge-1", "edge-3"]) {
    lost.killed(name);
    assert.ok(lost.mayStart(name), name);
  }
  assert.ok(lost.mayStart("edge-2"), "it has not been killed");
  lost.killed("edge-2");
  assert.not(lost.mayStart("edge-2"));
  assert.ok(lost.isLost("edge-2"));
  lost.killed("cloud");
  assert.ok(lost.mayStart("cloud"), "one is enough");
  assert.not(lost.mayStart("edge-2"));
});

test("LostHost loses none where none is sought", () => {
  const lost = new LostHost(false, () => SOURCES);
  lost.killed("edge-2");
  assert.ok(lost.mayStart("edge-2"));
  assert.equal(lost.replaceable(HOSTS), []);
});

test.run();
