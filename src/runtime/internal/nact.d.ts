/** The parts of nact 7.6.2 that its own declarations leave out. Only `kernel.ts` imports them. */

declare module "nact/lib/actor.js" {
  import type { ActorSystem } from "nact/lib/system.js";

  export interface ActorParent {
    readonly system: ActorSystem;
    readonly path: { readonly parts: readonly string[] };
    children: Map<string, Actor>;
    childSpawned(child: Actor): void;
    childStopped(child: Actor): void;
  }

  export class Actor implements ActorParent {
    constructor(
      parent: ActorParent,
      name: string,
      system: ActorSystem,
      behaviour: unknown,
      properties: { readonly afterStop: () => void; readonly onCrash: () => void },
    );
    readonly name: string;
    readonly system: ActorSystem;
    readonly path: { readonly parts: readonly string[] };
    parent: ActorParent | undefined;
    children: Map<string, Actor>;
    childReferences: Map<string, unknown>;
    mailbox: unknown;
    stopped: boolean;
    childSpawned(child: Actor): void;
    childStopped(child: Actor): void;
    dispatch(message: unknown, sender?: unknown): void;
    stop(): void;
  }
}

declare module "nact/lib/system.js" {
  import type { ActorParent } from "nact/lib/actor.js";

  export interface ActorSystem extends ActorParent {
    readonly name: string;
    stop(): void;
  }

  export function start(options: { readonly name: string }): unknown;
}

declare module "nact/lib/system-map.js" {
  import type { ActorSystem } from "nact/lib/system.js";

  export function find(name: string): ActorSystem | undefined;
  export function remove(name: string): void;
}
