#!/usr/bin/env node
/** `sluice`: a cluster from the command line. */

import { readFileSync } from "node:fs";
import { requireFiles } from "./enough-files.js";

requireFiles();
const { parseSluice } = await import("./cli/commands.js");
const { runProgram } = await import("./program.js");

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

await runProgram((args) => parseSluice(args, manifest.version), "Try sluice --help");
