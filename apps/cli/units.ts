/** Reads and writes times, durations and addresses as people type them; null where a text is none. */

const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `15m`, `24h`, `500ms`: in ms. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const [, count, unit] = match;
  // The expression lets through these units alone.
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

const BYTES = /^(\d{1,12})(B|KiB|MiB|GiB|TiB)$/;
const UNIT_BYTES = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

/** `512KiB`, `10GiB`: in bytes. */
export function parseBytes(text: string): number | null {
  const match = BYTES.exec(text);
  if (match === null) return null;
  const [, count, unit] = match;
  // The expression lets through these units alone.
  const bytes = Number(count) * UNIT_BYTES[unit as keyof typeof UNIT_BYTES];
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A time in ISO 8601, or a duration before now: ms since the Unix epoch. */
export function parseSince(text: string, nowMs: number): number | null {
  const ago = parseDuration(text);
  if (ago !== null) return nowMs - ago;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : atMs;
}

/** `HOST:PORT`, also behind `ws://` or `wss://`: as the address of a node. */
export function parseHostPort(text: string, secure: boolean): string | null {
  const given = /^wss?:\/\//.test(text) ? text : `${secure ? "wss" : "ws"}://${text}`;
  if (!/^wss?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:]+\]):\d{1,5}$/i.test(given)) return null;
  return Number(given.slice(given.lastIndexOf(":") + 1)) <= 65_535 ? given : null;
}

/** `1.2 s`, `15 min`, `3 h`: a duration for people. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = -1;
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${size.toFixed(size < 10 ? 1 : 0)} ${units[unit] ?? ""}`;
}
