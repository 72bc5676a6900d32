/** A hub as a program with a store in a folder, and the nodes and operators of its cluster. */

import { join } from "node:path";
import * as assert from "uvu/assert";
import { startSluice, type Ended, type Program } from "./program.js";
import { sluiceHere } from "./sluice-here.js";

/** No hub or token from the environment. */
export const ALONE = { SLUICE_HUB: undefined, SLUICE_TOKEN: undefined };
/** Until a program is ended that hangs. */
const STOPPED_MS = 170_000;

export interface HubProgram {
  readonly program: Program;
  readonly url: string;
  readonly token: string;
  /** Its store. */
  readonly store: string;
  /** Runs a command as its operator, on its machine. */
  readonly sluice: (...args: readonly string[]) => Promise<Ended>;
}

export async function startHub(
  folder: string,
  name: string,
  ...args: readonly string[]
): Promise<HubProgram> {
  const store = join(folder, name);
  const program = startSluice(["hub", "--listen", "127.0.0.1:0", "--store", store, ...args], {
    env: ALONE,
    timeoutMs: STOPPED_MS,
  });
  const [, url = ""] = await program.prints(/Hub "cloud" at (ws:\S+),/);
  const [token = ""] = await program.prints(/\w{10}\.[\w-]{40}/);
  const sluice = (...asked: readonly string[]): Promise<Ended> => sluiceHere(...asked, "--store", store);
  return { program, url, token, store, sluice };
}

/** A node that is a member. */
export async function joined(hub: HubProgram, name: string, ...args: readonly string[]): Promise<Program> {
  const node = startSluice(["join", hub.url, "--name", name, ...args], {
    env: { ...ALONE, SLUICE_TOKEN: hub.token },
    timeoutMs: STOPPED_MS,
  });
  await node.prints(/has joined/);
  return node;
}

/** Ends a node, and resolves once its hub knows. */
export async function endedBy(hub: HubProgram, node: Program, signal: NodeJS.Signals): Promise<Ended> {
  node.signal(signal);
  const ended = await node.ended;
  await hub.program.prints(/is down|has left/);
  return ended;
}

/** Ends a hub in order. */
export async function endHub({ program }: HubProgram): Promise<void> {
  program.signal("SIGTERM");
  const { exitCode, stderr } = await program.ended;
  assert.is(exitCode, 0, stderr);
}
