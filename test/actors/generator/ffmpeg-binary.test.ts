import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { SluiceError } from "../../../src/task/errors.js";
import { findFfmpeg } from "../../../src/actors/generator/ffmpeg-binary.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-ffmpeg-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const own = join(folder, "ffmpeg");
writeFileSync(own, "#!/bin/sh\n", { mode: 0o755 });

test("findFfmpeg takes SLUICE_FFMPEG before anything else", () => {
  assert.is(findFfmpeg({ SLUICE_FFMPEG: own, PATH: "/usr/bin" }), own);
});

test("findFfmpeg takes the ffmpeg on PATH before the installed one", () => {
  assert.is(findFfmpeg({ PATH: `/nowhere:${folder}` }), own);
});

test("findFfmpeg falls back to the installed ffmpeg, which runs", () => {
  const path = findFfmpeg({ PATH: "/nowhere" });
  assert.match(path, /@ffmpeg-installer/);
  assert.match(execFileSync(path, ["-version"], { encoding: "utf8" }), /^ffmpeg version/);
});

test("findFfmpeg refuses a SLUICE_FFMPEG that is no executable file instead of taking another", () => {
  for (const wrong of [join(folder, "none"), folder]) {
    try {
      findFfmpeg({ SLUICE_FFMPEG: wrong, PATH: "/usr/bin" });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, SluiceError);
      assert.is((error as SluiceError).code, "ffmpeg-missing");
      assert.ok((error as SluiceError).message.includes(wrong));
    }
  }
});

test.run();
