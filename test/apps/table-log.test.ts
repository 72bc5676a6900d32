import * as assert from "uvu/assert";
import { createTableLog } from "../../apps/start/table-log.js";
import { parseSourceId } from "../../src/task/identity.js";
import { test } from "../support/test.js";

test("a table that was made for many reasons at once is told of within 80 columns, word for word", () => {
  const said: string[] = [];
  const reason = "node edge-1 joined, source demo registered, node edge-2 joined, interval";
  createTableLog(2, (line) => said.push(line))({
    type: "tablePublished",
    epoch: 1,
    reason,
    sources: [parseSourceId("demo"), parseSourceId("demo-2")],
  });
  assert.ok(said.length > 1 && said.every((line) => line.length < 80), said.join("\n"));
  assert.match(said.map((line) => line.trim()).join(" "), `for demo, demo-2: ${reason}`);
  assert.ok(said.slice(1).every((line) => /^ {2}\w/.test(line)));
});

test.run();
