/** What the arguments of `npm start` say, once they are read. */

import type { LogLevel } from "../../src/runtime/log.js";
import type { PolicyFlags } from "../parameters.js";

export interface StartOptions extends PolicyFlags {
  readonly source: readonly string[];
  readonly pipeline: string;
  readonly modelDir: string | null;
  readonly store: string;
  readonly json: boolean;
  readonly fps?: number;
  readonly resolution?: string;
  readonly framesPerTask?: number;
  readonly encoding?: string;
  readonly quality?: number;
  readonly motionGate?: unknown;
  readonly limit: number | null;
  readonly realtime: boolean;
  readonly single: boolean;
  /** Opens the page of the run in a browser. */
  readonly open: boolean;
  readonly swap: "middle" | "never";
  readonly logLevel: LogLevel;
}
