/** A hub, an edge and a source as a user starts them, with the programs of the command line. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunningProgram, Workshop } from "./workshop.js";

export const PIPELINE = "pipeline: plain\nstages:\n  motion:\n    service: motion-detection\n";

export interface Hub {
  readonly program: RunningProgram;
  readonly store: string;
  readonly url: string;
  readonly token: string;
}

export async function startHub(
  workshop: Workshop,
  shell: Parameters<Workshop["start"]>[1] = {},
): Promise<Hub> {
  const store = join(workshop.folder, "store");
  const program = workshop.start(["hub", "--listen", "127.0.0.1:0", "--store", store], shell);
  const [, url = ""] = await program.says(/Hub "cloud" at (ws:\/\/\S+),/);
  const { stdout } = await workshop.run(["token", "create", "--store", store, "--ttl", "1h"]);
  return { program, store, url, token: stdout.trim() };
}

export async function startEdge(
  workshop: Workshop,
  { url, token }: Hub,
  shell: Parameters<Workshop["start"]>[1] = {},
  args: readonly string[] = [],
): Promise<RunningProgram> {
  const edge = workshop.start(
    ["join", url, "--name", "edge-1", "--journal", join(workshop.folder, "journal"), ...args],
    { ...shell, env: { ...shell.env, SLUICE_TOKEN: token } },
  );
  await edge.says(/has joined/);
  return edge;
}

export async function runSource(
  workshop: Workshop,
  { store }: Hub,
  source: string,
  ...more: readonly string[]
): Promise<{ readonly exitCode: number | null; readonly stderr: string; readonly stdout: string }> {
  const file = join(workshop.folder, "plain.yaml");
  await writeFile(file, PIPELINE);
  return workshop.run([
    "run",
    "--pipeline",
    file,
    "--source",
    source,
    "--on",
    "edge-1",
    "--id",
    "cam",
    "--store",
    store,
    ...more,
  ]);
}

export async function until(isTrue: () => boolean): Promise<void> {
  const startedMs = performance.now();
  while (!isTrue()) {
    if (performance.now() - startedMs > 30_000) throw new Error("It does not come");
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
}
