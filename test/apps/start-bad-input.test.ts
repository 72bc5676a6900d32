/** Every bad input gives one clear line and an exit code, and leaves alone what was stored before. */

import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { openStore } from "../../src/storage/results/open-store.js";
import { dataFolder } from "../support/data.js";
import { inPairs, REPOSITORY, runProgram, type Ended, type ProgramOptions } from "../support/program.js";
import { newRecord } from "../support/records.js";
import { silentServer } from "../support/silent-server.js";
import { startHere } from "../support/sluice-here.js";
import { storedRecords } from "../support/stored.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-bad-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const OBJECTS = join(REPOSITORY, "apps/pipelines/object-detection.yaml");
const MODEL = "yolox-nano-416.onnx";
const OTHER_MODEL = "ultraface-rfb-320.onnx";
const data = dataFolder([OTHER_MODEL]);

interface Case {
  readonly args: readonly string[];
  /** What the line must say: what is wrong, and how to correct it. */
  readonly says: readonly (string | RegExp)[];
  /** Default 1. */
  readonly exitCode?: number;
  /** Runs it as a program of its own, with these. Default: in this process. */
  readonly options?: ProgramOptions;
  /** Default: a store of its own, with a record in it that must stay. */
  readonly ownStore?: true;
  readonly skipped?: boolean;
}

// ── What is wrong ───────────────────────────────────────────────────────────────────────────────────────────────────

const file = (name: string, content: string | Uint8Array = ""): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const stages = (name: string, text: string): string[] => [
  "--pipeline",
  file(name, `pipeline: p\nstages:\n  motion: { service: motion-detection }\n${text}`),
];
const demo = readFileSync(join(REPOSITORY, "apps/demo/demo.mp4"));
const models = (name: string): string => {
  mkdirSync(join(folder, name));
  return join(folder, name);
};
const text = file("text.mp4", "This is no video.\n");
const noModel = models("no-model");
writeFileSync(join(noModel, MODEL), "This is no model.\n");
const otherModel = models("other-model");
if (data !== null) copyFileSync(join(data, OTHER_MODEL), join(otherModel, MODEL));
const readOnly = models("read-only");
chmodSync(readOnly, 0o555);
chmodSync(folder, 0o755);

/** Accepts and says nothing. */
const silent = silentServer().listen(0, "127.0.0.1");
await once(silent, "listening");
const { port } = silent.address() as AddressInfo;
const lockedFolder = join(folder, "locked");
const locked = await openStore(lockedFolder);

const root = process.getuid?.() === 0;
const NOBODY = 65_534;

/**
 * Three processes take three times as long to start as one, and say no more of what is wrong; a source, a model and a store are
 * wrong for edges of their own, too. Where it is not given, all ends before anything starts.
 */
const ONE_PROCESS = "--single";
/** As a program of its own, as a user starts it: one of each kind. */
const PROGRAM: ProgramOptions = {};

const cases: Readonly<Record<string, Case>> = {
  // The slowest one first: the others run beside it.
  "an RTSP address that never answers": {
    options: PROGRAM,
    args: [ONE_PROCESS, "--source", `rtsp://user:secret@127.0.0.1:${port}/stream`],
    says: [`"rtsp://***@127.0.0.1:${port}/stream"`, "no answer within 10 s", "check its address"],
  },
  "an RTSP address that refuses": {
    options: PROGRAM,
    args: [ONE_PROCESS, "--source", "rtsp://127.0.0.1:1/stream"],
    says: ["Connection refused", "check its address"],
  },
  "a missing file": {
    options: PROGRAM,
    args: ["--source", "none.mp4"],
    says: ['"none.mp4"', "no such file: check the path"],
  },
  "a directory": { args: [ONE_PROCESS, "--source", folder], says: ["is a directory: name a file in it"] },
  "a text file named .mp4": { args: [ONE_PROCESS, "--source", text], says: ["must be a video file"] },
  "a file of zero bytes": {
    args: [ONE_PROCESS, "--source", file("zero.mp4")],
    says: ["it is empty: 0 bytes"],
  },
  "a video cut before its index": {
    // 32 bytes of header, then the frames without the index at the end.
    args: [ONE_PROCESS, "--source", file("no-index.mp4", withoutIndex(demo))],
    says: ["it has no index (moov atom not found)", "was cut short"],
  },
  "a truncated video": {
    options: PROGRAM,
    args: [ONE_PROCESS, "--source", file("half.mp4", demo.subarray(0, demo.length / 2))],
    says: ["to its end as it breaks off", "results so far are kept"],
  },
  "a source of an unknown scheme": {
    args: ["--source", "ftp://user:secret@host/x"],
    says: ['"ftp://..."', "it must be one of FILE, loop:FILE, rtsp://"],
  },
  "one source that is missing beside one that is not": {
    args: [ONE_PROCESS, "--source", "none.mp4", "--source", "test:64x64@25,duration=1"],
    says: ['"none.mp4"', "no such file"],
  },

  "a pipeline file that is missing": {
    args: ["--pipeline", "none.yaml"],
    says: ['"none.yaml"', "no such file: check the path"],
  },
  "a pipeline that is a directory": { args: ["--pipeline", folder], says: ["name a file in it"] },
  "an unknown stage in after": {
    args: stages("after.yaml", "  tracks: { service: tracking, after: motoin }\n"),
    says: [/after\.yaml:4: /, '"motoin", which is no stage', 'did you mean "motion"?'],
  },
  "an unknown service": {
    args: stages("service.yaml", "  tracks: { service: traking, after: motion }\n"),
    says: [/service\.yaml:4: /, '"traking", which is not known', 'did you mean "tracking"?'],
  },
  "a cyclic DAG": {
    options: PROGRAM,
    args: stages(
      "cycle.yaml",
      "  a: { service: tracking, after: [motion, b] }\n  b: { service: tracking, after: [motion, a] }\n",
    ),
    says: ["form a cycle", '"a" -> "b" -> "a"'],
  },
  "a disconnected DAG": {
    args: stages("apart.yaml", "  other: { service: motion-detection }\n"),
    says: ["must be connected", 'nothing links "other" with "motion"'],
  },
  "stages whose types do not fit": {
    args: stages(
      "types.yaml",
      "  a: { service: tracking, after: motion }\n  b: { service: tracking, after: a }\n",
    ),
    says: ['reads "boxes"', '"a", which gives "tracks"'],
  },
  "bad YAML": {
    args: ["--pipeline", file("bad.yaml", "pipeline: p\nstages: [\n")],
    says: [/bad\.yaml:3: Cannot read this as YAML/],
  },
  "an unknown key": {
    args: stages("key.yaml", "polciy: edge-only\n"),
    says: [/key\.yaml:4: /, 'there is no "polciy"', '"policy"'],
  },

  "a model that is missing": {
    options: PROGRAM,
    args: ["--pipeline", OBJECTS, "--model-dir", folder],
    says: [MODEL, "has no model file", "--model-dir"],
  },
  "a model without a folder": {
    args: [ONE_PROCESS, "--pipeline", OBJECTS],
    says: [MODEL, "has no model file", "--model-dir"],
  },
  "a model folder that is a file": {
    args: ["--model-dir", text],
    says: ["it is not a folder: name one with --model-dir"],
  },
  "a model that is no ONNX": {
    args: [ONE_PROCESS, "--pipeline", OBJECTS, "--model-dir", noModel],
    says: [MODEL, "must be an ONNX file"],
  },
  "a model with another input": {
    args: [ONE_PROCESS, "--pipeline", OBJECTS, "--model-dir", otherModel],
    says: [MODEL, 'its inputs must include "images": got "input"'],
    skipped: data === null,
  },

  "a store whose path runs through a file": {
    args: [ONE_PROCESS, "--store", join(text, "store")],
    says: ["its path runs through a file: name a folder"],
    ownStore: true,
  },
  "a store in a folder of other things": {
    args: [ONE_PROCESS, "--store", folder],
    says: ["the folder holds other things", "name an empty or new folder"],
    ownStore: true,
  },
  "a store where no folder can be made": {
    args: [ONE_PROCESS, "--store", "/proc/store"],
    says: ['Cannot open store "/proc/store"', "name another folder"],
    ownStore: true,
    skipped: process.platform !== "linux",
  },
  "a store in a folder that may not be written": {
    args: ["--store", join(readOnly, "store")],
    says: ["may not write there", "change its permissions, or name another folder"],
    ownStore: true,
    ...(root && { options: { user: NOBODY } }),
  },
  "a store that another program has open": {
    options: PROGRAM,
    args: ["--store", lockedFolder],
    says: ["it is open already: stop the run that has it, or name another folder"],
    ownStore: true,
  },

  "SLUICE_FFMPEG that names nothing": {
    args: [ONE_PROCESS],
    says: ['SLUICE_FFMPEG must name an executable file: got "/none/ffmpeg"', "correct it or unset it"],
    options: { env: { SLUICE_FFMPEG: "/none/ffmpeg" } },
  },
  "SLUICE_FFMPEG that names another program": {
    args: [ONE_PROCESS],
    says: ["does not answer like ffmpeg", "set SLUICE_FFMPEG to one that does, or unset it"],
    options: { env: { SLUICE_FFMPEG: "/bin/true" } },
    skipped: process.platform === "win32",
  },

  "an unknown flag": {
    options: PROGRAM,
    args: ["--stor", "x"],
    says: ["unknown option '--stor'"],
    exitCode: 2,
  },
  "an argument without a flag": { args: ["video.mp4"], says: ["too many arguments"], exitCode: 2 },
  "a flag without its value": { args: ["--source"], says: ["argument missing"], exitCode: 2 },
  "an empty store": { args: ["--store", ""], says: ["It must not be empty"], exitCode: 2, ownStore: true },
  "no frames a second": { args: ["--fps", "0"], says: ["'--fps <n>'", "a number above 0"], exitCode: 2 },
  "too many frames a second": { args: ["--fps", "1000"], says: ['"fps"', "240"], exitCode: 2 },
  "a resolution that is none": { args: ["--resolution", "big"], says: ['"640x360"'], exitCode: 2 },
  "a resolution of odd sides": { args: ["--resolution", "641x360"], says: ['"width"'], exitCode: 2 },
  "part of a frame": { args: ["--frames-per-task", "1.5"], says: ["a whole number"], exitCode: 2 },
  "a negative limit": { args: ["--limit", "-1"], says: ["a whole number above 0"], exitCode: 2 },
  "an unknown encoding": { args: ["--encoding", "png"], says: ["rgb, jpeg"], exitCode: 2 },
  "a quality beyond 100": { args: ["--quality", "101"], says: ['"quality"', "100"], exitCode: 2 },
  "an unknown policy": { args: ["--policy", "best"], says: ["edge-only"], exitCode: 2 },
};

// ── Each of them, two at a time ─────────────────────────────────────────────────────────────────────────────────────

const before = newRecord({ source: "before", sequence: 0 });
const seed = join(folder, "seed");
const seedStore = await openStore(seed);
await seedStore.append([before]);
await seedStore.close();

const storeOf = (name: string): string => join(folder, `store ${name}`);

const runs = inPairs(
  new Map(
    Object.entries(cases)
      .filter(([, { skipped }]) => skipped !== true)
      .map(([name, { args, options, ownStore }]): [string, () => Promise<Ended>] => {
        const run = (given: readonly string[]): Promise<Ended> =>
          options === undefined ? startHere(...given) : runProgram(given, options);
        if (ownStore === true) return [name, () => run(args)];
        cpSync(seed, storeOf(name), { recursive: true });
        return [name, () => run(["--store", storeOf(name), ...args])];
      }),
  ),
);

for (const [name, { says, exitCode = 1, ownStore }] of Object.entries(cases)) {
  const run = runs.get(name);
  if (run === undefined) {
    console.log(`SKIPPED "${name}": what it needs is not here`);
    test.skip(name, () => {});
    continue;
  }
  test(`npm start says in one line what is wrong with ${name}, and ends with ${exitCode}`, async () => {
    const ended = await run;
    const { stdout, stderr } = ended;
    assert.equal([ended.exitCode, ended.signal], [exitCode, null], stderr);
    assert.equal(ended.leftovers, []);
    const errors = stderr.split("\n").filter((line) => line.startsWith("error: "));
    assert.is(errors.length, 1, stderr);
    for (const wanted of says) assert.match(errors[0] ?? "", wanted);
    assert.not.match(stdout + stderr, /^\s+at .*:\d+/m);
    assert.not.match(stdout + stderr, /secret|Error:|undefined|\[object/);
    if (exitCode === 2) assert.match(stderr, "Try npm start -- --help");
    if (ownStore !== true) {
      const [first] = await storedRecords(storeOf(name));
      assert.equal(first, { ...before, position: 0, chain: first?.chain });
    }
  });
}

test("npm start keeps what a truncated video gave before it broke off", async () => {
  await runs.get("a truncated video");
  const records = await storedRecords(storeOf("a truncated video"));
  const results = records.filter((record) => record.type === "result" && record.id.sourceId === "half");
  // Half of 300 frames at 25 fps is 60 at 10 fps, in tasks of 4.
  assert.ok(results.length >= 12 && results.length <= 16, `${results.length} results`);
});

test("npm start stores every task of the good source beside a missing one", async () => {
  const name = "one source that is missing beside one that is not";
  await runs.get(name);
  const records = await storedRecords(storeOf(name));
  assert.is(records.filter((record) => record.id.sourceId.startsWith("test")).length, 3);
});

test("npm start leaves a locked store to the program that has it", async () => {
  await runs.get("a store that another program has open");
  assert.is((await locked.append([before]))[0]?.status, "stored");
  await locked.close();
  silent.close();
});

test.run();

/** The clip as a writer leaves it that crashes before the end: its index, which lies before the frames here, is gone. */
function withoutIndex(clip: Uint8Array): Uint8Array {
  const view = new DataView(clip.buffer, clip.byteOffset, clip.byteLength);
  for (let at = 0; at < clip.length; at += view.getUint32(at)) {
    if (Buffer.from(clip.subarray(at + 4, at + 8)).toString() !== "moov") continue;
    const rest = clip.subarray(at + view.getUint32(at));
    return Buffer.concat([clip.subarray(0, at), rest.subarray(0, rest.length / 2)]);
  }
  throw new Error("The clip has no index");
}
