/**
 * The door to nact: its tree of actors, names, paths and references, with our own message loop.
 *
 * nact runs one macrotask a message and copies the parent's children for each, does not stop children and keeps every
 * message. So `KernelActor` replaces its mailbox, its crash hook and its stop. Stock nact can still use such an actor: a
 * reference made of names finds it, and nact's `dispatch` and `stop` work on it.
 */

import { Actor, type ActorParent } from "nact/lib/actor.js";
import * as systemMap from "nact/lib/system-map.js";
import { start, type ActorSystem as KernelSystem } from "nact/lib/system.js";

export type { ActorParent as KernelParent, KernelSystem };

const NO_CHILDREN = new Map<never, never>();
const PROPERTIES = { afterStop: () => {}, onCrash: () => {} };

/**
 * Starts the root of a tree. nact keeps all systems of a process in one map, in which a later one replaces an earlier one
 * of the same name, so a name in use gets a suffix there.
 */
export function startKernel(name: string): KernelSystem {
  let free = name;
  for (let n = 2; systemMap.find(free) !== undefined; n++) free = `${name}~${n}`;
  start({ name: free });
  const system = systemMap.find(free);
  if (system === undefined) throw new TypeError(`Cannot find system "${free}" after its start`);
  return system;
}

/** Removes a tree that was not stopped from nact's map, which would keep it as long as the process runs. */
export function forgetKernel(system: KernelSystem): void {
  systemMap.remove(system.name);
}

/** The actor at a path below `root`; one map lookup a level. */
export function findKernelActor(root: KernelSystem, path: string): Actor | undefined {
  let at: ActorParent = root;
  let actor: Actor | undefined;
  for (const name of path.slice(1).split("/")) {
    actor = at.children.get(name);
    if (actor === undefined) return undefined;
    at = actor;
  }
  return actor;
}

/** All actors below `root`, parents before their children. */
export function* kernelActors(root: ActorParent): Generator<Actor> {
  for (const actor of root.children.values()) {
    yield actor;
    yield* kernelActors(actor);
  }
}

/** An actor in nact's tree without nact's message loop: subclasses say what a message and a stop do. */
export abstract class KernelActor extends Actor {
  constructor(parent: ActorParent, name: string) {
    super(parent, name, parent.system, undefined, PROPERTIES);
    // nact gives each actor two maps and a queue; most actors are leaves, and the queue is never used.
    this.children = NO_CHILDREN;
    this.childReferences = NO_CHILDREN;
    this.mailbox = undefined;
  }

  /** Stops this actor for good, at another's request. */
  abstract override stop(): void;
  /** A message from stock nact. */
  abstract override dispatch(message: unknown): void;

  override childSpawned(child: Actor): void {
    if (!(child instanceof KernelActor)) {
      throw new TypeError(
        `Cannot spawn "${child.name}" with nact below an actor of the runtime: use its spawn`,
      );
    }
    if (this.children === NO_CHILDREN) this.children = new Map();
    this.children.set(child.name, child);
  }

  override childStopped(child: Actor): void {
    this.children.delete(child.name);
    if (this.children.size === 0) this.children = NO_CHILDREN;
  }

  /** Removes this actor from the tree; its name is free again. */
  protected leaveTree(): void {
    this.stopped = true;
    this.parent?.childStopped(this);
    this.parent = undefined;
  }
}
