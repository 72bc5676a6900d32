/**
 * Cameras of a real RTSP server, as they are and as they misbehave: what the operator sees, what is stored, and that a source comes back
 * by itself while those beside it go on.
 */

import { join } from "node:path";
import * as assert from "uvu/assert";
import type { CapturePort } from "../../src/actors/generator/capture.js";
import { createFfmpegCapture } from "../../src/actors/generator/ffmpeg-capture.js";
import { parseSource } from "../../src/actors/generator/source-spec.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import type { SluiceError } from "../../src/task/errors.js";
import { parseSourceId } from "../../src/task/identity.js";
import { captureAll, folder, runFfmpeg } from "../actors/generator/clips.js";
import { checkEnd, localRun, PAIR, type LocalRun } from "../support/local-run.js";
import {
  rtspServerMissing,
  startRtspServer,
  type CameraOptions,
  type RtspServer,
} from "../support/rtsp/rtsp-server.js";
import { test } from "../support/test.js";

const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-bsf:v", "h264_metadata=aud=insert"];
const H265_PARAMETERS = "log-level=error:bframes=0:pools=none";
const H265_CODER = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", H265_PARAMETERS];
const H265 = [...H265_CODER, "-bsf:v", "hevc_metadata=aud=insert"];
const FPS = 5;
const HOURS_S = 10_000;

/** Four seconds, a key frame each second. */
function clip(name: string, size: string, coding: readonly string[]): string {
  const path = join(folder, name);
  const scene = ["-f", "lavfi", "-i", `testsrc2=s=${size}:r=${FPS}:d=4`, "-pix_fmt", "yuv420p"];
  runFfmpeg([...scene, "-g", String(FPS), ...coding, path]);
  return path;
}

/** A capture that tells when frames have come. */
function counted() {
  let frames = 0;
  const waiting = new Map<() => void, number>();
  const port: CapturePort = {
    open: (options, listener) =>
      createFfmpegCapture().open(options, {
        ...listener,
        onFrame(frame) {
          frames += 1;
          listener.onFrame(frame);
          for (const [resolve, wanted] of waiting) if (frames >= wanted) resolve();
        },
      }),
  };
  return {
    port,
    next: (count: number) => new Promise<void>((resolve) => void waiting.set(resolve, frames + count)),
  };
}

async function withCameras(work: (run: LocalRun, server: RtspServer) => Promise<void>): Promise<void> {
  const [small, large] = [clip("small.h264", "160x90", H264), clip("large.h264", "320x180", H264)];
  const camera: CameraOptions = { codec: "h264", clips: [small, large], fps: FPS };
  const server = await startRtspServer({
    "/plain": camera,
    "/udp": { ...camera, udp: true },
    "/hevc": { codec: "h265", clips: [clip("small.h265", "160x90", H265)], fps: FPS },
    "/clock": camera,
    "/size": camera,
    "/damaged": camera,
    "/rate": camera,
    "/silent": camera,
    "/mute": camera,
  });
  try {
    await localRun({ pipeline: PAIR }, (run) => work(run, server), 120_000);
  } finally {
    await server.kill();
  }
}

const missing = rtspServerMissing();
if (missing !== null) console.log(`SKIPPED: cameras of RTSP, as ${missing}`);

(missing === null ? test : test.skip)(
  "cameras of a real RTSP server that misbehave are said to, come back by themselves, leave gaps and disturb no other",
  () =>
    withCameras(async (run, server) => {
      const cameras = new Map<string, ReturnType<typeof counted>>();
      const add = async (id: string, address: string): Promise<void> => {
        const camera = counted();
        cameras.set(id, camera);
        await run.cluster.addSource({
          id: parseSourceId(id),
          source: parseSource(address),
          capture: camera.port,
          pipeline: PAIR,
          configuration: parseConfiguration({ width: 32, height: 32, fps: FPS, framesPerTask: 2 }),
        });
      };
      const next = async (id: string, count: number): Promise<void> => cameras.get(id)?.next(count);
      /** The nth event of a kind that a source has. */
      const nth = (type: "sourceBack" | "sourceStalled", id: string, n: number) => {
        let seen = 0;
        return run.first((event) =>
          event.type === type && event.sourceId === id && (seen += 1) === n ? event : null,
        );
      };

      server.tell("/mute", { silent: true });
      const mute = captureAll(server.address("open", "/mute"), { connectTimeoutMs: 6_000 });
      await add("plain", server.address("open", "/plain"));
      await add("udp", server.address("basic", "/udp"));
      await add("hevc", server.address("digest", "/hevc"));
      for (const id of ["clock", "size", "damaged", "rate", "silent"])
        await add(id, server.address("open", `/${id}`));
      const all = [...cameras.keys()];
      await Promise.all(all.map((id) => next(id, 6)));

      await add("wrong", server.address("digest", "/plain", "not-it"));
      const refused = run.first((event) =>
        event.type === "sourceEnded" && event.sourceId === "wrong" ? event : null,
      );
      server.tell("/clock", { shiftS: HOURS_S });
      server.tell("/size", { clip: 1 });
      server.tell("/damaged", { damaged: true });
      server.tell("/rate", { fps: 2 });
      server.tell("/silent", { silent: true });
      await Promise.all([next("clock", 8), next("size", 8), next("damaged", 12), next("rate", 8)]);
      server.tell("/clock", { shiftS: 0 });
      server.tell("/size", { clip: 0 });
      await Promise.all([next("clock", 8), next("size", 8)]);

      const error = (await refused).error as SluiceError;
      assert.is(error.code, "source-unreachable");
      assert.match(error.message, /401 Unauthorized: it does not take this user name and password/);
      const silence = await nth("sourceStalled", "silent", 1);
      assert.is(silence.type === "sourceStalled" && silence.detail, "no frame comes");
      server.tell("/silent", { silent: false });
      await nth("sourceBack", "silent", 1);
      const stalls = run.events.flatMap((event) => (event.type === "sourceStalled" ? [event.sourceId] : []));
      assert.equal([...new Set(stalls)], ["silent"], "no other is disturbed");
      const { error: muteError, frames: mutePictures } = await mute;
      assert.is(mutePictures.length, 0);
      assert.match(muteError?.message ?? "", /it agrees to play, but sends nothing within 6 s/);

      await server.kill();
      const lostBefore = (id: string): number => (id === "silent" ? stalls.length : 0);
      await Promise.all(all.map((id) => nth("sourceStalled", id, lostBefore(id) + 1)));
      await server.restart();
      await Promise.all(all.map((id) => nth("sourceBack", id, id === "silent" ? 2 : 1)));
      await Promise.all(all.map((id) => next(id, 6)));

      await run.cluster.drain();
      for (const id of all) {
        const ledger = await run.ended(id);
        await checkEnd(run, ledger);
        assert.is(ledger.dropped["outage"], id === "silent" ? 2 : 1, id);
        assert.is(ledger.timeSteps, id === "clock" ? 2 : 0, id);
      }
      const times = new Map<string, number[]>();
      for (const record of [...(await run.records())].sort((a, b) => a.id.sequence - b.id.sequence)) {
        const { sourceId } = record.id;
        if (record.type === "result")
          times.set(sourceId, [...(times.get(sourceId) ?? []), ...record.framePtsUs]);
        else if (record.reason === "outage") assert.ok(record.outage?.ended === true, record.detail);
      }
      for (const [id, ptsUs] of times)
        assert.ok(
          ptsUs.every((us, index) => index === 0 || us > (ptsUs[index - 1] ?? 0)),
          `the times of "${id}" only grow`,
        );
      assert.is(times.size, all.length);
    }),
);

test.run();
