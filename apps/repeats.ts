/**
 * Lines that come again and again, as those of a hub or a camera that comes and goes: each is said once, and then once a
 * minute with how often it has come since.
 */

export interface Sayer {
  say(line: string): void;
  /** Says at once what was kept back. */
  end(): void;
}

export interface SayerOptions {
  readonly print: (line: string) => void;
  /** Reads a monotonic clock, in ms. */
  readonly nowMs: () => number;
  /** Calls `work` once, in `ms`. */
  readonly later: (ms: number, work: () => void) => void;
}

/** For how long a line that was said is kept back. */
const QUIET_MS = 60_000;
/** Different lines that are remembered. */
const LINES_MAX = 64;

interface Said {
  /** As it came last. */
  line: string;
  readonly saidAtMs: number;
  keptBack: number;
}

/** Lines that differ only in the number of attempts are the same. */
export function createSayer({ print, nowMs, later }: SayerOptions): Sayer {
  /** In the order in which they came last, so that a summary ends as it has ended. */
  const recent = new Map<string, Said>();

  function forget(key: string, { line, saidAtMs, keptBack }: Said): void {
    recent.delete(key);
    if (keptBack === 0) return;
    const seconds = Math.max(1, Math.round((nowMs() - saidAtMs) / 1_000));
    print(`${line} (${keptBack} ${keptBack === 1 ? "time" : "times"} more in ${seconds} s)`);
  }

  function forgetOld(): void {
    const now = nowMs();
    for (const [key, said] of recent) if (now - said.saidAtMs >= QUIET_MS) forget(key, said);
  }

  return {
    say(line) {
      forgetOld();
      const key = line.replace(/\b(attempt|after) \d+/g, "$1 #");
      const said = recent.get(key);
      if (said !== undefined) {
        said.line = line;
        said.keptBack += 1;
        recent.delete(key);
        recent.set(key, said);
        return;
      }
      for (const [oldest, left] of recent) {
        if (recent.size < LINES_MAX) break;
        forget(oldest, left);
      }
      recent.set(key, { line, saidAtMs: nowMs(), keptBack: 0 });
      print(line);
      later(QUIET_MS, forgetOld);
    },
    end() {
      for (const [key, said] of recent) forget(key, said);
    },
  };
}

/** The same on the clock and the timers of this process, which they do not keep alive. */
export function createProcessSayer(print: (line: string) => void): Sayer {
  return createSayer({
    print,
    nowMs: () => performance.now(),
    later: (ms, work) => void setTimeout(work, ms).unref(),
  });
}
