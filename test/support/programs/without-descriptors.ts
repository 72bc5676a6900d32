/** Starts ffmpeg where no descriptor is left, and prints how that ends. Usage: `ulimit -n 64; node without-descriptors.js` */

import { closeSync, openSync, writeSync } from "node:fs";
import { FfmpegProcess } from "../../../src/actors/generator/ffmpeg-process.js";
import { parseSource } from "../../../src/actors/generator/source-spec.js";

const source = parseSource("test:320x180@10,duration=1");
const taken: number[] = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  // That was the last one.
}
const start = (onExit: (error: unknown) => void): FfmpegProcess =>
  new FfmpegProcess(
    "ffmpeg",
    ["-version"],
    { source, greyBytes: null },
    {
      onInfo: () => {},
      onFrame: () => {},
      onExit: ({ error }) => onExit(error),
    },
  );
const first = start((error) => {
  writeSync(1, `exit: ${(error as NodeJS.ErrnoException).code ?? "?"}\n`);
  // One that is closed before it has failed says nothing.
  const second = start(() => writeSync(1, "exit again\n"));
  second.request(1);
  second.kill();
  setImmediate(() => {
    for (const file of taken) closeSync(file);
    writeSync(1, "killed\n");
  });
});
first.request(1);
