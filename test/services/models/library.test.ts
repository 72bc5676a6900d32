import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { ModelLibrary } from "../../../src/services/models/library.js";
import { SluiceError } from "../../../src/task/errors.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { folder as made, meansModel, place } from "./made-models.js";

const DESCRIPTION = "output: { decoding: classifier }\nlabels: [red, green, blue]\n";
place("means", meansModel("float32", "nchw", 1), DESCRIPTION);
const means = join(made, "means.onnx");

/** Why a model is not added. */
const refused = (adding: Promise<unknown>): Promise<string> =>
  adding.then(
    () => "added",
    (error: unknown) => (error instanceof SluiceError ? error.message : String(error)),
  );

test("a library keeps a model with its description, found by name and read in parts, and nothing of one that it refuses", async () => {
  const folder = join(temporaryFolder(), "store.models");
  const library = new ModelLibrary(folder);
  assert.equal(await library.list(), []);
  const before = await library.state();
  const { model, added } = await library.add(means, undefined);
  assert.is(added, true);
  assert.is.not(await library.state(), before);
  assert.equal(await library.list(), [model]);
  assert.equal(await library.find("means.onnx"), { ...model, description: DESCRIPTION });
  assert.is((await library.read("means.onnx", model.sha256, 0))?.length, model.bytes);
  assert.is((await library.read("means.onnx", model.sha256, 5))?.length, model.bytes - 5);
  assert.is((await library.add(means, undefined)).added, false, "the same is there already");

  const other = temporaryFolder();
  const put = (name: string, bytes: Uint8Array | string): string => {
    writeFileSync(join(other, name), bytes);
    return join(other, name);
  };
  const cases: readonly (readonly [path: string, description: string | undefined, wanted: RegExp])[] = [
    [put("no.onnx", "nothing"), undefined, /it cannot be used by itself.*must be an ONNX file/],
    [put("model.bin", "nothing"), undefined, /its name must end in \.onnx/],
    [join(other, "away.onnx"), undefined, /there is no such file/],
    [means, put("wrong.yaml", "output: { decoding: yolox }\nlabels: coco\n"), /must be float32/],
    [means, join(other, "away.yaml"), /Cannot use description .* there is no such file/],
  ];
  for (const [path, description, wanted] of cases) {
    assert.match(await refused(library.add(path, description)), wanted);
  }
  assert.equal(readdirSync(folder).toSorted(), ["means.onnx", "means.yaml"]);

  const another = await library.add(put("means.onnx", meansModel("float32", "nhwc", 1)), undefined);
  assert.equal([another.added, another.replaced?.slice(0, 64)], [true, model.sha256]);
  assert.equal(
    await library.find("means.onnx"),
    { ...another.model, description: null },
    "that was of the other",
  );
  assert.is((await library.add(means, undefined)).replaced, another.model.sha256);
  for (const file of ["../means.onnx", "away.onnx", "means.yaml", ""]) {
    assert.equal([await library.find(file), await library.read(file, model.sha256, 0)], [null, null]);
    assert.is(await library.remove(file), false);
  }
  assert.is(await library.read("means.onnx", "0".repeat(64), 0), null, "another content");
  assert.is(await library.read("means.onnx", model.sha256, model.bytes), null, "behind its end");
  writeFileSync(join(folder, "means.onnx"), "changed");
  assert.is(await library.read("means.onnx", model.sha256, 0), null, "it is another one now");
  assert.is(await library.remove("means.onnx"), true);
  assert.equal(readdirSync(folder), []);
});

test("a library takes no more models than a node can be told of", async () => {
  const folder = temporaryFolder();
  for (let n = 0; n < 256; n++) writeFileSync(join(folder, `m${n}.onnx`), "");
  assert.match(await refused(new ModelLibrary(folder).add(means, undefined)), /there are 256 already/);
});

test.run();
