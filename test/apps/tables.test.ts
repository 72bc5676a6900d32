import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { tablesText, tableText } from "../../apps/epoch-text.js";
import { nodesTable, type NodeLine } from "../../apps/cli/nodes.js";
import { renderFitting, terminalWidth } from "../../apps/tables.js";
import { splitEpoch } from "../../src/task/epoch.js";

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

test("renderFitting leaves out columns from the greatest rank down, names them, and grows with the terminal", () => {
  const columns = [{ title: "node" }, { title: "address", rank: 1 }, { title: "pid", rank: 2 }];
  const rows = [["edge-1", "ws://192.168.0.17:7000", 12_345]];
  const at = (width: number): string => renderFitting(columns, rows, width);
  assert.match(at(60), /│ node +│ address +│ pid +│/);
  assert.match(at(40), /│ node +│ address +│\n/);
  assert.match(at(40), /\nA wider terminal shows: pid$/);
  assert.match(at(20), /│ node +│\n[^]*shows: \.\.\.|│ node +│\n/);
  for (const width of [60, 40]) assert.ok(widest(at(width)) <= width, at(width));
});

test("renderFitting narrows the widest column where none can be left out, and wraps its text", () => {
  const text = renderFitting(
    [{ title: "source" }, { title: "why" }],
    [["cam", "placed on the edge since the bandwidth to the cloud is unknown"]],
    40,
  );
  assert.ok(widest(text) <= 40, text);
  for (const word of ["placed", "bandwidth", "unknown"]) assert.match(text, word);
});

test("nodesTable fits 80 columns, and has all of its columns in 200", () => {
  const line: NodeLine = {
    name: "edge-in-the-cabinet-7",
    roles: ["edge"],
    session: 12,
    url: "ws://192.168.100.200:17000",
    pid: 1_234_567,
    version: "0.1.0",
    joinedAtMs: 0,
    rttMs: 123.45,
    sample: null,
    offer: null,
    failures: [],
    running: [],
  };
  const at = (width: number): string => nodesTable([line, line], 86_400_000, width);
  assert.ok(widest(at(80)) <= 80, at(80));
  assert.match(at(80), "edge-in-the-cabinet-7");
  assert.match(at(200), /address.*pid.*stall ms.*dropped/);
  assert.not.match(at(200), "wider");
});

test("terminalWidth is the terminal's, or what COLUMNS says, or 80", () => {
  const before = process.env["COLUMNS"];
  delete process.env["COLUMNS"];
  assert.is(terminalWidth({ columns: 132 }), 132);
  assert.is(terminalWidth({}), 80);
  process.env["COLUMNS"] = "100";
  assert.is(terminalWidth({}), 100);
  if (before === undefined) delete process.env["COLUMNS"];
  else process.env["COLUMNS"] = before;
});

test("an epoch is shown as the number of its table within a term", () => {
  assert.equal(splitEpoch(0), { term: 0, table: 0 });
  assert.equal([1, 1_000_000, 1_000_001].map(tableText), ["1 of term 1", "1000000 of term 1", "1 of term 2"]);
  assert.is(tablesText([0, 2, 3, 4]), "2, 3, 4 of term 1");
  assert.is(tablesText([5, 1_000_001]), "5 of term 1; 1 of term 2");
  assert.is(tablesText([1, 2, 3, 4, 5, 6]), "1, 2, ..., 6 of term 1");
  assert.is(tablesText([0]), "none");
});

test.run();
