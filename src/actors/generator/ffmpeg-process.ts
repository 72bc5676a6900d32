/**
 * One ffmpeg process: its pipes, which are frames, headers, the log and, for a motion gate, small grey pictures, and its exit.
 *
 * A shell stands over it and waits at a pipe that this process holds open. Once the pipe is closed, by whatever end of this
 * process, SIGKILL included, the shell kills ffmpeg and reaps it. ffmpeg alone would notice at its next write, and one that
 * waits for a camera or a pipe never writes.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import type { CaptureInfo } from "./capture.js";
import { FfmpegReport } from "./ffmpeg-report.js";
import { FrameStamps } from "./frame-stamps.js";
import { type FramedFrame, Framing, parseFrameHeader } from "./framing.js";
import type { SourceSpec } from "./source-spec.js";

interface ProcessListener {
  /** @param report what it has logged so far */
  onInfo(info: CaptureInfo, report: FfmpegReport): void;
  onFrame(frame: FramedFrame): void;
  onExit(exit: ProcessExit): void;
}

interface ProcessExit {
  /** The process could not be started. */
  readonly error: unknown;
  readonly exitCode: number | null;
  /** The signal that ended it; null where it ended by itself. */
  readonly crash: NodeJS.Signals | null;
  /** What ended the keeper that stands over it; null where it ended by itself. */
  readonly keeperEndedBy: NodeJS.Signals | null;
  readonly frameCount: number;
  readonly report: FfmpegReport;
}

type Ended = Pick<ProcessExit, "error" | "exitCode" | "crash" | "keeperEndedBy">;

/** Windows has no such shell; there ffmpeg ends at its next write. */
const SUPERVISED = process.platform !== "win32";
/** Of POSIX sh: nothing but `read` and `wait` keeps it, and it holds no pipe of ffmpeg's. Its exit code is ffmpeg's. */
const SUPERVISOR =
  '"$@" </dev/null & child=$!; exec >&- 2>&- 3>&- 4>&-; read -r _; kill -9 "$child"; wait "$child"';

/** The signals that a program does not survive; SIGKILL is what Linux sends where memory is used up. */
const CRASHES = ["SIGILL", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGSEGV", "SIGSYS"] as const;

/** POSIX, 2.8.2: a shell says 128 and the number of the signal that ended a command; by those of Linux and BSD. */
function crashOf(exitCode: number | null): NodeJS.Signals | null {
  if (exitCode === null) return null;
  return CRASHES.find((signal) => constants.signals[signal] === exitCode - 128) ?? null;
}

/** Processes to kill where this one exits without closing its captures. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) killGroup(child);
});

/** Of what is left of it: it leads a group of its own. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (SUPERVISED) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    // Nobody of it is left.
  }
}

export class FfmpegProcess {
  readonly #child: ChildProcess;
  readonly #listener: ProcessListener;
  readonly #report: FfmpegReport;
  readonly #framing: Framing;
  readonly #bytes: Readable | null;
  /** Frames requested before ffmpeg has logged what it opened: held back, so that the info comes first. */
  #demandHeld: number | null = 0;
  #frameCount = 0;
  #headersEnded = false;
  #logEnded = false;
  #greysEnded = true;
  /** How it ended, until that is reported. */
  #exited: Ended | null = null;
  #killed = false;

  /** @param options `greyBytes`: of each picture on pipe 4; null where nothing comes there */
  constructor(
    ffmpeg: string,
    args: readonly string[],
    { source, greyBytes }: { readonly source: SourceSpec; readonly greyBytes: number | null },
    listener: ProcessListener,
  ) {
    this.#listener = listener;
    this.#report = new FfmpegReport(source);
    this.#framing = new Framing((frame) => this.#frame(frame), greyBytes);
    const [command, ...given] = SUPERVISED
      ? ["/bin/sh", "-c", SUPERVISOR, "sluice-ffmpeg", ffmpeg, ...args]
      : [ffmpeg, ...args];
    this.#child = spawn(command, given, {
      stdio: [
        SUPERVISED ? "pipe" : "ignore",
        "pipe",
        "pipe",
        "pipe",
        ...(greyBytes === null ? [] : (["pipe"] as const)),
      ],
      windowsHide: true,
      // Its addresses are this machine's own: no proxy is asked for them.
      env: { ...process.env, http_proxy: "" },
      // Ctrl-C goes to every process of a terminal's group: in a group of its own, ffmpeg ends when the capture does.
      detached: process.platform !== "win32",
    });
    // A process that could not be started has no pipes at all, whatever their types say: the descriptors were used up.
    this.#bytes = this.#child.stdout ?? null;
    let error: unknown = null;
    this.#child.once("error", (failure) => {
      error = failure;
      // Without a process there is no "close" to wait for.
      if (this.#child.pid === undefined)
        this.#exit({ error, exitCode: null, crash: null, keeperEndedBy: null });
    });
    if (this.#child.pid === undefined) return;
    running.add(this.#child);
    this.#child.once("exit", (_, signal) => {
      running.delete(this.#child);
      // Somebody killed the shell: what it stood over goes with it.
      if (signal !== null) killGroup(this.#child);
    });
    // Only ffmpeg holds the other end of its log: it is gone, and the shell may go.
    this.#child.stderr?.once("end", () => this.#child.stdin?.destroy());
    this.#child.once("close", (exitCode, signal) =>
      this.#exit({
        error,
        exitCode,
        crash: SUPERVISED ? crashOf(exitCode) : signal,
        keeperEndedBy: SUPERVISED ? signal : null,
      }),
    );
    this.#read();
  }

  request(frames: number): void {
    if (this.#demandHeld === null) this.#framing.request(frames);
    else this.#demandHeld += frames;
    this.#pace();
    this.#reportExit();
  }

  /** By SIGKILL: SIGTERM is only a flag to ffmpeg, and one that is blocked in a write never looks at it. */
  kill(): void {
    this.#killed = true;
    if (this.#child.pid === undefined) return;
    // The shell does it as soon as the pipes are closed.
    if (!SUPERVISED) this.#child.kill("SIGKILL");
    for (const stream of this.#child.stdio) stream?.destroy();
    this.#framing.clear();
  }

  #read(): void {
    const headers = this.#child.stdio[3];
    if (
      this.#bytes === null ||
      this.#child.stderr === null ||
      headers === null ||
      headers === undefined ||
      !("read" in headers)
    )
      return;
    this.#bytes.on("data", (chunk: Buffer) => {
      this.#framing.bytes(chunk);
      this.#pace();
    });
    const stamps = new FrameStamps((stamp) => {
      this.#framing.stamp(stamp);
      this.#pace();
    });
    eachLine(this.#child.stderr, (line) => {
      if (stamps.accept(line)) return;
      this.#report.accept(line);
      this.#inform();
    });
    this.#child.stderr.once("close", () => {
      this.#logEnded = true;
      this.#pace();
    });
    eachLine(headers, (line) => {
      const header = parseFrameHeader(line);
      if (header === null) return;
      this.#framing.header(header);
      this.#pace();
    });
    headers.once("close", () => {
      this.#headersEnded = true;
      this.#pace();
    });
    const greys = this.#child.stdio[4];
    if (greys === null || greys === undefined || !("read" in greys)) return;
    this.#greysEnded = false;
    greys.on("data", (chunk: Buffer) => {
      this.#framing.greyBytes(chunk);
      this.#pace();
    });
    greys.once("close", () => {
      this.#greysEnded = true;
      this.#pace();
    });
  }

  #pace(): void {
    if (this.#killed || this.#bytes === null) return;
    if (this.#framing.starved && this.#headersEnded && this.#logEnded && this.#greysEnded)
      this.#framing.clear();
    if (this.#framing.blocked) this.#bytes.pause();
    else this.#bytes.resume();
  }

  #inform(): void {
    const { info } = this.#report;
    if (this.#demandHeld === null || this.#killed || info === null) return;
    const demand = this.#demandHeld;
    this.#demandHeld = null;
    this.#listener.onInfo(info, this.#report);
    this.request(demand);
  }

  #frame(frame: FramedFrame): void {
    if (this.#killed) return;
    this.#frameCount += 1;
    this.#listener.onFrame(frame);
  }

  #exit(exit: Ended): void {
    this.#exited = exit;
    this.#reportExit();
  }

  /** Node reads a paused pipe to its end once the process exits: frames may be here that nobody has requested yet. */
  #reportExit(): void {
    if (this.#exited === null || this.#framing.pending) return;
    const exit = this.#exited;
    this.#exited = null;
    queueMicrotask(() => {
      if (this.#killed) return;
      this.#listener.onExit({ ...exit, frameCount: this.#frameCount, report: this.#report });
    });
  }
}

/** Calls `onLine` for each line, the last one too where it has no end. */
function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  stream.once("end", () => {
    if (rest !== "") onLine(rest);
  });
}
