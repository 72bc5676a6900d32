/** An edge of a run: joins as instructed, and runs until the process that started it closes its standard input. */

import { createInterface } from "node:readline";
import { startNode } from "../../src/node/node.js";
import { SERVICES } from "../../src/services/catalogue.js";
import { errorText } from "../../src/runtime/errors.js";
import { createLogger } from "../../src/runtime/log.js";
import { keepOutput } from "../process.js";
import type { EdgeInstructions } from "./edge-process.js";
import { err } from "../terminal.js";

// It has nothing to say but what it logs.
keepOutput(() => {});
// Ctrl-C reaches the whole group of a terminal, and what systemd sends all processes of a unit; the process that started this one
// drains it first.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
const over = new Promise<void>((resolve) => void lines.once("close", resolve));
const first = await Promise.race([
  new Promise<string>((resolve) => void lines.once("line", resolve)),
  over.then(() => null),
]);
if (first !== null) {
  // Written by the program that has started this one.
  const { name, url, token, modelDir, logLevel } = JSON.parse(first) as EdgeInstructions;
  try {
    const node = await startNode({
      name,
      join: url,
      token,
      modelDir,
      services: SERVICES,
      // Who orders it is the program that has started it.
      sourcePolicy: "any",
      log: createLogger({ level: logLevel }),
    });
    await over;
    await node.terminate();
  } catch (error) {
    err.line(`error: ${errorText(error)}`);
    process.exitCode = 1;
  }
}
// A worker in the middle of a task that was given up is not waited for.
setTimeout(() => process.exit(), 500).unref();
