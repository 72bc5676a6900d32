/** What the command line of `sluice hub` says. */

import type { LogLevel } from "../../src/runtime/log.js";
import type { SourceFlags } from "./source-flags.js";

/** What the command line says; what it does not say, the file does, or its default holds. */
export interface HubCommand extends SourceFlags {
  /** Configuration file. */
  readonly config?: string;
  /** For how long results are kept, in ms. */
  readonly keep?: number;
  /** The newest results that are kept. */
  readonly keepRecords?: number;
  /** `ws://HOST:PORT` or `wss://HOST:PORT`. */
  readonly listen?: string;
  readonly store?: string;
  readonly name?: string;
  readonly cluster?: string;
  readonly modelDir?: string;
  /** File with policies of one's own. */
  readonly policies?: string;
  readonly journal?: string;
  readonly forget: boolean;
  /** Opens the page in a browser. */
  readonly open: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tokenTtl?: number;
  readonly logLevel?: LogLevel;
  readonly version: string;
}
