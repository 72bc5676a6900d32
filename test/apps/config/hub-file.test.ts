import * as assert from "uvu/assert";
import { fileChanges } from "../../../apps/cli/config/file-changes.js";
import { HUB_FILE } from "../../../apps/cli/config/hub-form.js";
import { hubSettings } from "../../../apps/cli/config/hub-settings.js";
import { printHubFile } from "../../../apps/cli/config/print-hub-file.js";
import { parseHubFile } from "../../../apps/cli/config/read-hub-file.js";
import { isSection, type Entries } from "../../../apps/cli/config/setting.js";
import { SluiceError } from "../../../src/task/errors.js";
import { test } from "../../support/test.js";

const PRINTED = printHubFile();
/** Every setting in force, those without a default as their examples have them. */
const UNCOMMENTED = PRINTED.replaceAll(/^(\s*)# ( {2,}|\w+: |\w+:$)/gm, "$1$2");

function settingNames(entries: Entries, prefix = ""): readonly string[] {
  return Object.entries(entries).flatMap(([name, entry]) =>
    isSection(entry) ? settingNames(entry.settings, `${name}.`) : [`${prefix}${name}`],
  );
}

function said(written: Readonly<Record<string, unknown>>, name: string): unknown {
  let value: unknown = written;
  for (const step of name.split(".")) value = (value as Record<string, unknown> | null | undefined)?.[step];
  return value;
}

function problemOf(text: string): string {
  try {
    parseHubFile(text, "hub.yaml");
    return "nothing was wrong";
  } catch (error) {
    return error instanceof SluiceError && error.code === "configuration-invalid"
      ? error.message
      : String(error);
  }
}

test("printHubFile prints every default so that the file says the same as no file", () => {
  const command = { forget: false, open: false, version: "" };
  const { values, written } = parseHubFile(PRINTED, "/etc/sluice/hub.yaml");
  const without = parseHubFile("", "/etc/sluice/hub.yaml");
  assert.is(Object.keys(written).length > 10, true);
  const [printed, empty] = [
    hubSettings(
      command,
      parseHubFile(PRINTED.replace("store: .sluice/store", "store: memory:x"), "/hub.yaml"),
    ),
    hubSettings({ ...command, store: "/memory:x" }, without),
  ];
  for (const [name, value] of Object.entries(empty.node)) {
    for (const [limit, known] of Object.entries(value as object)) {
      if (typeof known !== "object")
        assert.equal((printed.node as never)[name]?.[limit], known, `${name}.${limit}`);
    }
  }
  assert.equal(printed.retention, {});
  assert.is(values.results?.bytes, 4 * 2 ** 20);
});

test("each example of a setting is one that the file may say", () => {
  const { written } = parseHubFile(UNCOMMENTED, "hub.yaml");
  const missing = settingNames(HUB_FILE).filter((name) => said(written, name) === undefined);
  assert.equal(missing, []);
});

test("printHubFile prints what a file says, without the passwords in its addresses", () => {
  const file = `retention: { age: 7d }
listen: "[::]:7000"
sources: [{ id: gate, source: "rtsp://admin:hunter2@cam/1", pipeline: p.yaml }]`;
  const text = printHubFile(parseHubFile(file, "hub.yaml").written);
  assert.match(text, /^ {2}age: 7d # live;/m);
  assert.match(text, "rtsp://***@cam/1");
  assert.not.match(text, "hunter2");
  assert.equal(parseHubFile(text, "hub.yaml").values.listen, "[::]:7000");
});

for (const [text, wanted] of [
  ["retension:\n  age: 30d", /^hub\.yaml:1: there is no setting "retension" \(did you mean "retention"\?\)$/],
  [
    "name: a\nretention:\n  ages: 30d",
    /^hub\.yaml:3: there is no setting "retention\.ages" \(did you mean "age"\?\)$/,
  ],
  ["retention:\n  age: 5 days", /^hub\.yaml:2: "retention\.age": wanted a duration like .*: got "5 days"$/],
  ["retention: 5", /^hub\.yaml:1: "retention": wanted settings by name$/],
  ["results:\n  bytes: 4MB", /^hub\.yaml:2: "results\.bytes": wanted a size like .*: got "4MB"$/],
  ["workers:\n  total: 0", /^hub\.yaml:2: "workers\.total": wanted 1 or more$/],
  ["name: a\nname: b", /^hub\.yaml:2: Cannot read this as YAML: /],
  ["- a", /^hub\.yaml(?::1)?: wanted settings by name$/],
  [
    "sources:\n  - { id: a, source: x, pipeline: p }\n  - { id: a, source: y, pipeline: p }",
    /^hub\.yaml:3: "sources\.1\.id": another source is "a", too$/,
  ],
  [
    "sources:\n  - id: a\n    source: x\n    pipeline: p\n    widow: 1",
    /^hub\.yaml:5: .*there is no "widow" \(known: .*"window"/,
  ],
  ["a: 1\nb: 2", /^hub\.yaml:1: there is no setting "a" .*$/],
  [
    "retention:\n  age: x\n  records: 0",
    /hub\.yaml:2: .*; hub\.yaml:3: "retention\.records": wanted 1 or more$/,
  ],
] as const) {
  test(`parseHubFile names the line of ${JSON.stringify(text)}, and the mend`, () => {
    assert.match(problemOf(text), wanted);
  });
}

test("paths of a file begin at its folder, and addresses stay", () => {
  const { values } = parseHubFile(
    `store: data
models: /models
sources:
  - { id: a, source: clip.mp4, pipeline: p.yaml }
  - { id: b, source: "test:", pipeline: p.yaml }`,
    "/etc/sluice/hub.yaml",
  );
  assert.equal([values.store, values.models], ["/etc/sluice/data", "/models"]);
  assert.equal(
    values.sources?.map(({ source, pipeline }) => [source, pipeline]),
    [
      ["/etc/sluice/clip.mp4", "/etc/sluice/p.yaml"],
      ["test:", "/etc/sluice/p.yaml"],
    ],
  );
});

test("the command line goes before the file, and the file before the defaults", () => {
  const read = parseHubFile(
    "name: of-file\nlisten: 0.0.0.0:9000\nretention: { age: 7d, records: 5 }",
    "/hub.yaml",
  );
  const command = { forget: false, open: false, version: "", name: "of-command", keep: 1_000 };
  const settings = hubSettings(command, read);
  assert.equal(
    [settings.name, settings.listen, settings.cluster, settings.retention],
    ["of-command", "ws://0.0.0.0:9000", "sluice", { ageMsMax: 1_000, recordsMax: 5 }],
  );
});

test("the budget of moves and what may be placed on the hub are settings", () => {
  const read = parseHubFile(
    "policies: { moves: 2, movesInAll: 9 }\nworkers: { stages: 3, memory: 2GiB }",
    "/hub.yaml",
  );
  const { moveLimits, limits } = hubSettings({ forget: false, open: false, version: "" }, read).node;
  assert.equal(moveLimits, { perSource: 2, inAll: 9 });
  assert.equal(limits?.placement, { stagesMax: 3, memoryBytesMax: 2 * 2 ** 30 });
});

test("fileChanges tells what a running hub takes over from what it cannot", () => {
  const changes = fileChanges(
    { retention: { age: "7d" }, links: { window: "256KiB" }, sources: [] },
    { retention: { age: "8d" }, links: null, name: "cloud", sources: [] },
  );
  assert.equal(changes, { live: ["retention.age"], later: ["name", "links.window"] });
});

test.run();
