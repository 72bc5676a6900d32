/** What the cases of one process share: a system of ours and one of nact, and small tools of both. */

import { dispatch, spawn as nactSpawn, start, stop as nactStop } from "nact";
import { createActorSystem, silentLogger, type ActorSystem } from "../../../src/index.js";

export { dispatch, nactSpawn, nactStop };

export const OURS = "Sluice";
export const NACT = "nact";

export function openSluice(): { readonly system: ActorSystem; readonly close: () => Promise<void> } {
  const system = createActorSystem({ name: "bench", log: silentLogger });
  return { system, close: () => system.terminate() };
}

export function openNact() {
  const nact = start();
  return { nact, close: () => nactStop(nact) };
}

/** A promise that somebody else resolves. */
export function createGate<Value>(): {
  readonly open: (value: Value) => void;
  readonly opened: Promise<Value>;
} {
  let open: (value: Value) => void = () => {};
  const opened = new Promise<Value>((resolve) => (open = resolve));
  return { open, opened };
}

/** @throws Error where the work was not done */
export function check(got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`${got} of ${wanted} messages arrived`);
}

let names = 0;
export const freshName = (): string => `actor-${(names += 1)}`;

export const macrotask = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
