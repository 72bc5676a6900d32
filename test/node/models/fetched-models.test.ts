import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { FetchedModels, type FetchPorts, type HubModel } from "../../../src/node/models/fetched-models.js";
import { SluiceError } from "../../../src/task/errors.js";
import { MODEL_LIMITS } from "../../../src/task/offers.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const { partBytes } = MODEL_LIMITS;
const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
/** Of three parts, the last one short. */
const CONTENT = new Uint8Array(2 * partBytes + 7).map((_, index) => index % 251);

/** A node and its hub, which says what a test has it say. */
function setUp({ bytesMax = 4 * CONTENT.length, folder = temporaryFolder() } = {}) {
  const kept = new Map<string, Uint8Array>([["a.onnx", CONTENT]]);
  const reads: number[] = [];
  const says: { find: ((model: HubModel) => HubModel) | null; read: (data: Uint8Array) => Uint8Array } = {
    find: (model) => model,
    read: (data) => data,
  };
  let nowMs = 1_000_000;
  const ports: FetchPorts = {
    find(file) {
      if (says.find === null) return Promise.reject(new Error("no way to the hub"));
      const content = kept.get(file);
      if (content === undefined)
        return Promise.reject(new SluiceError("the hub has none", { code: "model-missing" }));
      return Promise.resolve(
        says.find({ bytes: content.length, sha256: sha256Of(content), description: `of ${file}` }),
      );
    },
    async read(file, _, offset) {
      reads.push(offset);
      await Promise.resolve();
      return says.read((kept.get(file) ?? new Uint8Array()).subarray(offset, offset + partBytes));
    },
    now: () => (nowMs += 10_000),
  };
  const models = new FetchedModels({ folder, bytesMax }, ports);
  const locate = (file = "a.onnx"): Promise<string> =>
    models.locate(file).catch((error: unknown) => String(error).replace(/^SluiceError: /, ""));
  /** Of those that have their name. */
  const whole = (): readonly string[] =>
    readdirSync(folder)
      .flatMap((hash) => readdirSync(join(folder, hash)))
      .filter((name) => name.endsWith(".onnx"))
      .toSorted();
  return { folder, kept, reads, says, models, locate, whole };
}

test("a model is fetched part by part, once for all that wait for it, and not again while the hub has the same", async () => {
  const { folder, reads, kept, models, locate } = setUp();
  const [first, second] = await Promise.all([models.locate("a.onnx"), models.locate("a.onnx")]);
  assert.equal([first, second], [join(folder, sha256Of(CONTENT)), first]);
  assert.equal(new Uint8Array(readFileSync(join(first, "a.onnx"))), CONTENT);
  assert.is(readFileSync(join(first, "a.yaml"), "utf8"), "of a.onnx");
  assert.equal(reads, [0, partBytes, 2 * partBytes]);
  assert.is(await locate(), first);
  assert.is(reads.length, 3);
  // Another content under the name is another model.
  const other = CONTENT.slice(0, 10);
  kept.set("a.onnx", other);
  assert.is(await locate(), join(folder, sha256Of(other)));
  assert.is(await locate("b.onnx"), "the hub has none");
});

test("a fetch goes on after a cut where it ended, and without the hub takes what was fetched last under the name", async () => {
  const { folder, reads, says, locate, whole } = setUp();
  says.read = (data) => {
    if (reads.length === 2) throw new Error("the link is cut");
    return data;
  };
  assert.match(await locate(), /cut off after 262144 of 524295 bytes/);
  assert.equal(whole(), []);
  says.find = null;
  assert.match(await locate(), /its hub does not answer/, "a part of a model is none");
  says.find = (model) => model;
  const path = await setUp({ folder }).locate();
  assert.is(path, join(folder, sha256Of(CONTENT)), "another process goes on with what is there");
  says.find = null;
  assert.is(await locate(), path);
});

test("a hub that lies has a node keep no model, no more than there is room for, and nothing of what was wrong", async () => {
  const { folder, kept, reads, says, locate, whole } = setUp();
  const lies: readonly (readonly [string, () => void, RegExp])[] = [
    ["other bytes", () => (says.read = (data) => data.map((byte) => byte ^ 1)), /not what the hub had said/],
    ["nothing", () => (says.read = () => new Uint8Array()), /a part of 0 bytes/],
    [
      "more than was asked for",
      () => (says.read = () => new Uint8Array(partBytes + 1)),
      /a part of 262145 bytes/,
    ],
    ["a model without end", () => (says.find = (model) => ({ ...model, bytes: 1e15 })), /there is room for/],
    [
      "one that ends before",
      () => (says.find = (model) => ({ ...model, bytes: 5 })),
      /a part of 262144 bytes/,
    ],
    [
      "a hash of another",
      () => (says.find = (model) => ({ ...model, sha256: "0".repeat(64) })),
      /not what the hub had said/,
    ],
  ];
  for (const [name, lie, wanted] of lies) {
    says.find = (model) => model;
    says.read = (data) => data;
    lie();
    assert.match(await locate(), wanted, name);
    assert.equal(whole(), [], name);
  }
  says.find = (model) => model;
  says.read = (data) => data;
  assert.ok(existsSync(join(await locate(), "a.onnx")), "and once it does not, all is well");
  const bytes = (): number =>
    readdirSync(folder)
      .flatMap((hash) => readdirSync(join(folder, hash)).map((name) => join(folder, hash, name)))
      .reduce((sum, path) => sum + readFileSync(path).length, 0);
  // Ten models, each cut off before its end.
  for (let n = 1; n <= 10; n++) {
    kept.set(
      `m${n}.onnx`,
      CONTENT.map((byte) => byte ^ n),
    );
    const from = reads.length;
    says.read = (data) => {
      if (reads.length > from + 2) throw new Error("the link is cut");
      return data;
    };
    assert.match(await locate(`m${n}.onnx`), /cut off/);
    assert.ok(bytes() <= 4 * CONTENT.length + 64, `${bytes()} bytes`);
  }
});

test("models that were needed longest ago make room for new ones", async () => {
  const { folder, kept, locate, whole } = setUp({ bytesMax: 3 * CONTENT.length + 100 });
  for (const name of ["b", "c", "d"])
    kept.set(
      `${name}.onnx`,
      CONTENT.map((byte) => byte ^ name.charCodeAt(0)),
    );
  for (const name of ["a", "b", "c", "a", "d"]) await locate(`${name}.onnx`);
  assert.equal(whole(), ["a.onnx", "c.onnx", "d.onnx"]);
  // What lies there that is no model of ours stays.
  writeFileSync(join(folder, "notes.txt"), "mine");
  await locate("b.onnx");
  assert.ok(existsSync(join(folder, "notes.txt")));
});

test.run();
