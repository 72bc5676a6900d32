/** Defaults of a hub, where neither its command line nor its file says anything else. */

import { DEFAULT_STORE } from "./hub-folder.js";

export const HUB_DEFAULTS = {
  name: "cloud",
  cluster: "sluice",
  listen: "127.0.0.1:7000",
  store: DEFAULT_STORE,
  logLevel: "error",
  tokenTtlMs: 86_400_000,
} as const;
