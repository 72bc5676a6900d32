#!/usr/bin/env node
/** `sluice`: a cluster from the command line. */

import { readFileSync } from "node:fs";
import { parseSluice } from "./cli/commands.js";
import { runProgram } from "./program.js";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

await runProgram((args) => parseSluice(args, manifest.version), "Try sluice --help");
