/** Small clips in a folder of their own, made by ffmpeg, and what a capture gives of them. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../../support/test.js";
import type { CapturedFrame, CaptureInfo, CaptureOptions } from "../../../src/actors/generator/capture.js";
import type { SluiceError } from "../../../src/task/errors.js";
import {
  createFfmpegCapture,
  type FfmpegCaptureOptions,
} from "../../../src/actors/generator/ffmpeg-capture.js";
import { findFfmpeg } from "../../../src/actors/generator/ffmpeg-binary.js";
import { parseSource } from "../../../src/actors/generator/source-spec.js";
import { DEFAULT_CONFIGURATION, type Configuration } from "../../../src/task/configuration.js";
import { within } from "../../support/within.js";

/** The ffmpeg that a user would get, and the one that comes with the installation. */
export const BINARIES: readonly string[] = [...new Set([findFfmpeg(), bundled()])];

/** Registers a test for each of them. */
export function testEach(name: string, work: (ffmpeg: string) => Promise<void>): void {
  for (const ffmpeg of BINARIES) test(`${name} (${ffmpeg})`, () => work(ffmpeg));
}

function bundled(): string {
  const { path } = createRequire(import.meta.url)("@ffmpeg-installer/ffmpeg") as { path: string };
  return path;
}

export const folder = mkdtempSync(join(tmpdir(), "sluice-clips-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Makes `name` of `seconds` at `rate`, 160x90, a keyframe each second, with B-frames. */
export function makeClip(name: string, rate: string, seconds: number, more: readonly string[] = []): string {
  const path = join(folder, name);
  const scene = `testsrc2=s=160x90:r=${rate}:d=${seconds}`;
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p"];
  runFfmpeg(["-f", "lavfi", "-i", scene, ...coded, ...more, path]);
  return path;
}

export function runFfmpeg(args: readonly string[]): void {
  execFileSync(findFfmpeg(), ["-v", "error", "-nostdin", "-y", ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

export interface Captured {
  readonly info: CaptureInfo | null;
  readonly frames: readonly CapturedFrame[];
  readonly error: SluiceError | null;
}

/** Captures to the end, `ahead` frames asked for at a time. */
export function captureAll(
  source: string,
  {
    configuration,
    after = null,
    ahead = 4,
    ...options
  }: FfmpegCaptureOptions & {
    readonly configuration?: Partial<Configuration>;
    readonly after?: CaptureOptions["after"];
    readonly ahead?: number;
  } = {},
): Promise<Captured> {
  const ended = new Promise<Captured>((resolve) => {
    const frames: CapturedFrame[] = [];
    let info: CaptureInfo | null = null;
    const capture = createFfmpegCapture(options).open(
      { source: parseSource(source), configuration: small(configuration), after },
      {
        onInfo: (opened) => (info = opened),
        onFrame: (frame) => {
          frames.push(frame);
          capture.request(1);
        },
        onEnd: (error) => resolve({ info, frames, error }),
      },
    );
    capture.request(ahead);
  });
  return within(20_000, ended, `the end of ${source}`);
}

export function small(changed: Partial<Configuration> = {}): Configuration {
  return { ...DEFAULT_CONFIGURATION, width: 64, height: 36, fps: 25, ...changed };
}

/** Child processes of this one that are not reaped yet. */
export function childProcesses(): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const afterName = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1) ?? "";
      return Number(afterName.split(" ")[1]) === process.pid ? [Number(name)] : [];
    } catch {
      // It ended between the listing and the look.
      return [];
    }
  });
}
