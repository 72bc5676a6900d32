/**
 * What a hub remembers beside its records: small entries by kind and key, in the same database, so that there is one thing to
 * write, to repair and to back up.
 *
 * HS1 A write is whole or not there, and on disk (`sync`) before it is acknowledged.
 * HS2 Whatever is read is checked; what was damaged is lost alone, and said with the damage of the store.
 */

/** What entries are of: each component that keeps something has a kind of its own. */
export type StateKind =
  /** Whose the names of nodes are, by name. */
  | "name"
  /** Up to which number sessions are taken, under `taken`. */
  | "session"
  /** To which nodes sources belong, by source. */
  | "owner"
  /** Which pipeline a version is, by `id@version`. */
  | "pipeline"
  /** What operators said of sources, by source. */
  | "order"
  /** Those that any of several nodes may capture, by source. */
  | "hosted"
  /** What the policy of a source has learned, by source. */
  | "policy"
  /** Stages that a node could not load, by node. */
  | "failure"
  /** How the plan of a source has changed, by `source/` and a number that sorts by its digits. */
  | "change"
  /** The sources that the hub's configuration has started, by source. */
  | "declared"
  /** How far each sink has come, by its name. */
  | "sink";

/** Plain data, as JSON has it. */
export type StateChange =
  | { readonly type: "put"; readonly kind: StateKind; readonly key: string; readonly value: unknown }
  | { readonly type: "delete"; readonly kind: StateKind; readonly key: string };

/** Keys of a kind, in the order of their characters. */
export interface StateRange {
  /** Those that begin so. Default: all. */
  readonly prefix?: string;
  /** The last key first. Default false. */
  readonly reverse?: boolean;
  /** Entries at most. Default: all, for kinds that whoever keeps them bounds. */
  readonly limit?: number;
}

/** What a hub remembers under a key of one kind. */
export type StateEntry = readonly [key: string, value: unknown];

/** Of one hub. Values are outside data to whoever reads them: they may be those of an older version. */
export interface HubState {
  /** Undefined where there is none. @throws SluiceError `store-corrupt` */
  get(kind: StateKind, key: string): Promise<unknown>;
  /** @throws SluiceError `store-corrupt` */
  range(kind: StateKind, range?: StateRange): Promise<readonly StateEntry[]>;
  /**
   * All of them, in order, or none: who has many small changes gathers them (`state-writer.ts`), as each write waits for the
   * disk.
   *
   * @throws RangeError of a key that is none, or a value beyond 1 MiB
   * @throws SluiceError `store-full`, `store-unwritable`, `store-corrupt`: whether they are written is not known
   */
  write(changes: readonly StateChange[]): Promise<void>;
}

/** Of one value as JSON, in characters. */
const VALUE_LENGTH_MAX = 1024 * 1024;
/** Printable ASCII that sorts before the end of every range. */
const KEY = /^[ -}]{1,512}$/;

/** @throws RangeError where it is none */
export function checkedKey(key: string): string {
  if (KEY.test(key)) return key;
  throw new RangeError(
    `Cannot keep "${key}" in the hub's state: a key is 1 to 512 printable characters of ASCII`,
  );
}

/** @throws RangeError where it is too large, TypeError where JSON has no such value */
export function stateJson({ kind, key, value }: Extract<StateChange, { readonly type: "put" }>): string {
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined)
    throw new TypeError(`Cannot keep "${kind}/${key}" in the hub's state: it is no plain data`);
  if (json.length <= VALUE_LENGTH_MAX) return json;
  throw new RangeError(
    `Cannot keep "${kind}/${key}" in the hub's state: it has ${json.length} characters, and ${VALUE_LENGTH_MAX} are allowed`,
  );
}
