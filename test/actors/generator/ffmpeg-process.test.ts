/** ffmpeg does not outlive who started it, however that ends and whatever ffmpeg waits for. */

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { silentServer } from "../../support/silent-server.js";
import { startEndlessCapture, type Program } from "../../support/program.js";
import { within } from "../../support/within.js";
import { BINARIES, captureAll, folder } from "./clips.js";
import { pause } from "../../support/pause.js";

const fifo = join(folder, "fifo");
execFileSync("mkfifo", [fifo]);

async function runsFfmpeg(program: Program): Promise<void> {
  const looks = async () => {
    while (!program.children().some(({ command }) => / -hide_banner /.test(command))) {
      await pause(5);
    }
  };
  await within(20_000, looks(), "ffmpeg to run");
}

test("a killed program leaves no ffmpeg behind that waits for a writer, a camera or its reader", async () => {
  const camera = silentServer().listen(0, "127.0.0.1");
  await once(camera, "listening");
  const { port } = camera.address() as AddressInfo;
  try {
    for (const ffmpeg of BINARIES)
      for (const source of [fifo, `rtsp://127.0.0.1:${port}/s`, "test:1280x720@25,duration=1000"]) {
        for (const end of ["SIGKILL", "SIGTERM"] as const) {
          const program = startEndlessCapture([source, ffmpeg]);
          await runsFfmpeg(program);
          if (source.startsWith("test:")) await program.prints(/a frame/);
          program.signal(end);
          assert.is((await program.ended).signal, end);
          await within(10_000, program.allGone(), `${source} after ${end}`);
        }
      }
  } finally {
    camera.close();
  }
});

test("an ffmpeg whose keeper is killed goes with it, and the source ends", async () => {
  const program = startEndlessCapture([fifo, BINARIES[0] ?? ""]);
  await runsFfmpeg(program);
  const keeper = program.children().find(({ command }) => command.startsWith("/bin/sh "));
  process.kill(keeper?.pid ?? Number.NaN, "SIGKILL");
  await program.prints(/^ended: Cannot/m);
  assert.equal(program.children(), []);
  program.signal("SIGKILL");
  await program.ended;
});

test("an ffmpeg that crashes is told from a fault of its source", async () => {
  for (const ffmpeg of BINARIES)
    for (const signal of ["SIGSEGV", "SIGKILL"] as const) {
      const program = startEndlessCapture(["test:320x180@25,duration=100000", ffmpeg, "all"]);
      await program.prints(/a frame/);
      const child = program
        .children()
        .find(({ command }) => / -hide_banner /.test(command) && !command.startsWith("/bin/sh "));
      process.kill(child?.pid ?? Number.NaN, signal);
      await program.prints(
        new RegExp(
          `^ended: Cannot read source "test:.*" was ended by ${signal}, which is a fault of ffmpeg`,
          "m",
        ),
      );
      program.signal("SIGKILL");
      await program.ended;
    }
});

test("a pipe without a writer is given up after the connect timeout", async () => {
  const { error } = await captureAll(fifo, { connectTimeoutMs: 300 });
  assert.is(error?.code, "source-unreachable");
  assert.match(error?.message ?? "", /no answer within 0\.3 s/);
});

test.run();
