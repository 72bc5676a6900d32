import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { published } from "../../bench/harness/publish.js";
import { REPOSITORY } from "../support/sources.js";

test("the figures of the README and the page of performance are those that the newest results have", () => {
  for (const [path, wanted] of published(REPOSITORY)) {
    assert.is(readFileSync(join(REPOSITORY, path), "utf8"), wanted, `${path}: npm run bench -- --publish`);
  }
});

test.run();
