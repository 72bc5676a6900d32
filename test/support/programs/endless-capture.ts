/** Opens the source that it is given and asks for one frame, or with `all` for each; never ends by itself. */

import { createFfmpegCapture } from "../../../src/actors/generator/ffmpeg-capture.js";
import { parseSource } from "../../../src/actors/generator/source-spec.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";

const [source = "", ffmpeg = "", frames = "one"] = process.argv.slice(2);
const capture = createFfmpegCapture({ ffmpeg, connectTimeoutMs: 1_000_000 }).open(
  { source: parseSource(source), configuration: DEFAULT_CONFIGURATION, after: null },
  {
    onInfo: () => {},
    onFrame() {
      process.stdout.write("a frame\n");
      if (frames === "all") capture.request(1);
    },
    onEnd: (error) => void process.stdout.write(`ended: ${error?.message ?? ""}\n`),
  },
);
capture.request(1);
setInterval(() => {}, 1_000_000);
