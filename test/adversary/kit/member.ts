/** A member that says what it likes: it joins as any node does, and then tells anything to any address. */

import {
  CodedError,
  createActorSystem,
  createWsCarrier,
  joinCluster,
  silentLogger,
  systemClock,
  type ActorRef,
  type ActorSystem,
  type Behaviour,
  type Cluster,
  type Lane,
  type Role,
} from "../../../src/index.js";
import { createVouch } from "../../../src/node/vouching.js";
import type { Vouch } from "../../../src/task/voucher.js";
import type { Guard } from "../../../src/transport/cluster/guard.js";
import { within } from "../../support/within.js";

export interface MemberOptions {
  readonly url: string;
  readonly token: string | null;
  readonly name: string;
  readonly roles?: readonly Role[];
  /** What it lets in; default everything. */
  readonly guard?: Guard;
}

export interface HostileMember {
  readonly name: string;
  readonly system: ActorSystem;
  readonly cluster: Cluster;
  /** By the key of this node's own, which the hub has told it. */
  readonly vouch: Vouch;
  /** Of any actor of any node, `cloud/controller`: what stands in a message of its becomes an address. */
  ref(target: string): ActorRef<unknown>;
  tell(target: string, message: unknown, lane?: Lane): void;
  /** The reply, or the code of the error in its place. */
  ask(
    target: string,
    toMessage: (replyTo: ActorRef<unknown>) => unknown,
    timeoutMs?: number,
  ): Promise<Readonly<Record<string, unknown>> | string>;
  /** An actor of its own that keeps what it is told. */
  listener(name: string): Ears;
  /** Resolves once `node` is no member any more. */
  gone(node: string): Promise<void>;
  /** Resolves once all that it told `node` before has come there. */
  arrived(node?: string): Promise<void>;
  leave(): Promise<void>;
}

interface Ears {
  readonly ref: ActorRef<unknown>;
  readonly heard: readonly Readonly<Record<string, unknown>>[];
  /** Resolves with the first that matches. */
  next(
    matches: (message: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Readonly<Record<string, unknown>>>;
}

const NO_KEY = new Uint8Array(32);
const carrier = createWsCarrier({ clock: systemClock });

/** @throws TransportError why it may not join */
export async function joinAs({
  url,
  token,
  name,
  roles = ["edge"],
  guard,
}: MemberOptions): Promise<HostileMember> {
  const system = createActorSystem({ name, log: silentLogger, onFailure: () => {} });
  const cluster = await within(
    20_000,
    joinCluster(system, { carrier, connect: { url }, token, roles, ...(guard && { guard }) }),
    `"${name}" to join`,
  ).catch(async (error: unknown) => {
    await system.terminate();
    throw error;
  });
  const ref = (target: string): ActorRef<unknown> => system.resolve(`sluice://${target}`);

  async function ask(
    target: string,
    toMessage: (replyTo: ActorRef<unknown>) => unknown,
    timeoutMs = 10_000,
  ): Promise<Readonly<Record<string, unknown>> | string> {
    try {
      const reply: unknown = await system.ask(ref(target), toMessage, { timeoutMs });
      return Object(reply) as Readonly<Record<string, unknown>>;
    } catch (error) {
      return error instanceof CodedError ? error.code : String(error);
    }
  }

  return {
    name,
    system,
    cluster,
    vouch: createVouch(() => cluster.secret ?? NO_KEY),
    ref,
    tell: (target, message, lane) => ref(target).tell(message, lane),
    ask,
    listener(own) {
      const ears = createEars();
      return { ...ears, ref: system.spawn(ears.behaviour, { name: own, mailbox: { capacity: 100_000 } }) };
    },
    async gone(node) {
      const left = new Promise<void>((resolve) => {
        const end = cluster.subscribe((event) => {
          if ((event.type !== "memberDown" && event.type !== "memberLeft") || event.member.name !== node)
            return;
          queueMicrotask(() => end());
          resolve();
        });
        if (![...cluster.members.keys()].some((member) => member === node)) resolve();
      });
      await within(20_000, left, `"${node}" to be gone`);
    },
    async arrived(node = "cloud") {
      // What it may ask: the answer comes behind all that was sent on its lane before, and nobody counts it.
      const [path, question] = roles.includes("operator")
        ? ["controller", { type: "reportQueues" }]
        : ["monitor", { type: "ping", sentAtMs: 1 }];
      await ask(`${node}/${path}`, (replyTo) => ({ ...question, replyTo }), 20_000);
    },
    async leave() {
      await cluster.leave();
      await system.terminate();
    },
  };
}

function createEars(): Omit<Ears, "ref"> & { readonly behaviour: Behaviour<null, unknown> } {
  const heard: Readonly<Record<string, unknown>>[] = [];
  const waiting = new Set<() => void>();
  return {
    heard,
    behaviour: {
      start: () => null,
      receive(state, message) {
        heard.push(Object(message) as Readonly<Record<string, unknown>>);
        for (const look of waiting) look();
        return state;
      },
    },
    next(matches) {
      const found = new Promise<Readonly<Record<string, unknown>>>((resolve) => {
        const look = (): void => {
          const match = heard.find(matches);
          if (match === undefined) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        look();
      });
      return within(20_000, found, "a message to a hostile member");
    },
  };
}
