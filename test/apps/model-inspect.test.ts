import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseDescription } from "../../src/services/models/description.js";
import { folder, meansModel, place } from "../services/models/made-models.js";
import { sluiceHere } from "../support/sluice-here.js";

const MODEL = meansModel("uint8", "nhwc", "n");
const FITS =
  "licence: CC0-1.0\ninput: { layout: nhwc, type: uint8 }\noutput: { decoding: classifier }\nlabels: [a, b, c]\n";

test("sluice model inspect prints what a model says of itself, and that its description fits", async () => {
  place("fits", MODEL, FITS);
  const { exitCode, stdout } = await sluiceHere("model", "inspect", `${folder}/fits.onnx`);
  assert.is(exitCode, 0);
  assert.match(stdout, `sha256 ${createHash("sha256").update(MODEL).digest("hex")}`);
  assert.match(stdout, "inputs\n  picture  uint8 [n, 8, 8, 3]\noutputs\n  means  float32 [n, 3]\n");
  assert.match(stdout, "description fits.yaml fits: classifier, 3 labels, CC0-1.0\n");
});

test("sluice model inspect ends with 1 where the description does not fit, and says how", async () => {
  place("other", MODEL, FITS.replace("[a, b, c]", "[a, b]"));
  const { exitCode, stdout } = await sluiceHere("model", "inspect", "--json", `${folder}/other.onnx`);
  assert.is(exitCode, 1);
  const { description } = JSON.parse(stdout) as { description: { status: string; problem: string } };
  assert.is(description.status, "wrong");
  assert.match(description.problem, 'output "means" must be float32 [?, 2]: got float32 [?, 3]');
});

test("sluice model inspect drafts a description that is valid and fits, where there is none", async () => {
  writeFileSync(`${folder}/alone.onnx`, MODEL);
  const { exitCode, stdout } = await sluiceHere("model", "inspect", `${folder}/alone.onnx`);
  assert.is(exitCode, 0);
  assert.match(stdout, "no description: write alone.yaml beside it, from this draft");
  const draft = stdout.slice(stdout.indexOf("# A draft"));
  assert.is(parseDescription(draft, "alone.yaml").labels.length, 3);
  writeFileSync(`${folder}/alone.yaml`, draft);
  const again = await sluiceHere("model", "inspect", `${folder}/alone.onnx`);
  assert.match(again.stdout, "description alone.yaml fits: classifier, 3 labels\n");
});

test("sluice model inspect says what is wrong with what is no model, and with no file", async () => {
  writeFileSync(`${folder}/text.onnx`, "no model");
  const text = await sluiceHere("model", "inspect", `${folder}/text.onnx`);
  assert.is(text.exitCode, 1);
  assert.match(text.stderr, 'Cannot load model "text.onnx" as it must be an ONNX file');
  const none = await sluiceHere("model", "inspect", `${folder}/none.onnx`);
  assert.is(none.exitCode, 1);
  assert.match(none.stderr, "there is no such file");
});

test.run();
