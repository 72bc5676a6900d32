import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "./support/test.js";
import * as assert from "uvu/assert";
import { SLUICE_ERROR_CODES } from "../src/task/errors.js";
import { DROP_REASONS } from "../src/task/task.js";
import { RUNTIME_ERROR_CODES } from "../src/runtime/errors.js";
import { TRANSPORT_ERROR_CODES } from "../src/transport/errors.js";
import { REPOSITORY, sourceFiles } from "./support/sources.js";

const CODES = [...RUNTIME_ERROR_CODES, ...TRANSPORT_ERROR_CODES, ...SLUICE_ERROR_CODES];
const read = (path: string) => readFileSync(join(REPOSITORY, path), "utf8");
const headings = (text: string) =>
  [...text.matchAll(/^### `([\w-]+)`$/gm)].map((match) => match[1] ?? "").sort();

test("docs/errors.md has a heading for each error code, and for nothing else", () => {
  assert.equal(headings(read("docs/errors.md")), [...CODES].sort());
});

test("docs/semantics.md has a heading for each drop reason, and for nothing else", () => {
  assert.equal(headings(read("docs/semantics.md")), [...DROP_REASONS].sort());
});

test("every error code is raised somewhere", () => {
  const text = sourceFiles("src", "apps")
    .filter((file) => !file.path.endsWith("/errors.ts"))
    .map((file) => file.text)
    .join("\n");
  const unused = CODES.filter((code) => !text.includes(`"${code}"`));
  assert.equal(unused, []);
});

test.run();
