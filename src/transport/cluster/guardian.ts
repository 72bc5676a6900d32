/**
 * The guardian of a node: starts behaviours for other nodes, by the names under which they are registered here, and
 * supervises them.
 *
 * GU1 Code never travels: a name and plain arguments do, and the registered function checks the arguments.
 * GU2 It stops only what it has started.
 */

import { isActorRef, type ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour, Context } from "../../runtime/behaviour.js";
import { asError } from "../../runtime/errors.js";
import { parseWith, z } from "../../runtime/parse.js";
import type { SpawnOptions } from "../../runtime/spawn-options.js";
import { TransportError } from "../errors.js";

export const GUARDIAN = "guardian";

type GuardianMessage =
  | {
      readonly type: "spawn";
      readonly behaviour: string;
      readonly args: unknown;
      readonly options: SpawnOptions;
      readonly replyTo: ActorRef<SpawnReply>;
    }
  | { readonly type: "stop"; readonly address: string; readonly replyTo: ActorRef<StopReply> };

export type SpawnReply =
  | { readonly type: "spawned"; readonly ref: ActorRef<never> }
  | { readonly type: "spawnFailed"; readonly error: Error };

export type StopReply = { readonly type: "stopped" } | { readonly type: "stopFailed"; readonly error: Error };

const failure = z.instanceof(Error);

/** What another node's guardian answers is its word: whoever asks checks it. */
export const SPAWN_REPLY = z.union([
  z.object({
    type: z.literal("spawned"),
    ref: z.custom<object>((value) => typeof value === "object" && value !== null && isActorRef(value)),
  }),
  z.object({ type: z.literal("spawnFailed"), error: failure }),
]);
export const STOP_REPLY = z.union([
  z.object({ type: z.literal("stopped") }),
  z.object({ type: z.literal("stopFailed"), error: failure }),
]);

/** What is registered under a name; the caller of `spawn` knows its types. */
export type BehaviourFactory = (args: unknown) => Behaviour<unknown, unknown>;

interface ChildStopped {
  readonly type: "childStopped";
  readonly address: string;
}

interface State {
  /** By address. */
  readonly children: Map<string, ActorRef<never>>;
  /** Who waits for a child to stop, by its address. */
  readonly waiting: Map<string, ActorRef<StopReply>[]>;
}

type Message = GuardianMessage | ChildStopped;

const capacity = z.number().int().min(1).max(1_000_000);
const options = z.object({
  name: z.string().max(128),
  mailbox: z
    .object({
      capacity: capacity.optional(),
      controlCapacity: capacity.optional(),
      overflow: z.enum(["dropOldest", "dropNewest", "reject"]).optional(),
    })
    .optional(),
  supervision: z
    .object({
      strategy: z.enum(["oneForOne", "allForOne", "restForOne"]).optional(),
      intensity: z.number().min(0).max(1_000_000).optional(),
      periodMs: z.number().min(1).max(86_400_000).optional(),
      backoff: z
        .object({
          minMs: z.number().min(0),
          maxMs: z.number().min(0),
          factor: z.number().min(1),
          jitter: z.number().min(0).max(1),
        })
        .optional(),
    })
    .optional(),
  restart: z.enum(["permanent", "transient", "temporary"]).optional(),
});

/** Actors that other nodes may have running here at a time. */
const CHILDREN_MAX = 10_000;

/** @param registered by name; read at each spawn, as more may be registered later */
export function createGuardian(registered: ReadonlyMap<string, BehaviourFactory>): Behaviour<State, Message> {
  return {
    start: () => ({ children: new Map(), waiting: new Map() }),
    receive(state, message, ctx) {
      switch (message.type) {
        case "spawn":
          onSpawn(state, message, ctx);
          return state;
        case "stop":
          onStop(state, message, ctx);
          return state;
        case "childStopped":
          onChildStopped(state, message);
          return state;
        default:
          ctx.unhandled(message);
          return state;
      }
    },
  };

  function onSpawn(
    state: State,
    message: Extract<Message, { readonly type: "spawn" }>,
    ctx: Context<Message>,
  ): void {
    const build = registered.get(message.behaviour);
    if (build === undefined) {
      const known = [...registered.keys()].map((name) => `"${name}"`).join(", ") || "none";
      refuse(
        new TransportError(
          `Cannot spawn ${JSON.stringify(message.behaviour)} as it is not registered on this node: it has ${known}`,
          { code: "behaviour-unknown" },
        ),
      );
      return;
    }
    const parsed = parseWith(options, message.options);
    if (!parsed.ok || state.children.size >= CHILDREN_MAX) {
      const problem = parsed.ok ? `${CHILDREN_MAX} actors have been spawned here` : parsed.problem;
      refuse(new TransportError(`Cannot spawn here: ${problem}`, { code: "spawn-failed" }));
      return;
    }
    try {
      // zod types optional fields as maybe undefined, but leaves out those that are missing.
      const ref = ctx.spawn(build(message.args), parsed.value as SpawnOptions);
      const { address } = ref;
      state.children.set(address, ref);
      ctx.watch(ref, () => ({ type: "childStopped", address }));
      message.replyTo.tell({ type: "spawned", ref });
    } catch (thrown) {
      const cause = asError(thrown);
      refuse(
        new TransportError(`Cannot spawn "${message.behaviour}": ${cause.message}`, {
          code: "spawn-failed",
          cause,
        }),
      );
    }

    function refuse(error: TransportError): void {
      message.replyTo.tell({ type: "spawnFailed", error });
    }
  }
}

function onStop(
  state: State,
  { address, replyTo }: Extract<Message, { readonly type: "stop" }>,
  ctx: Context<Message>,
): void {
  const child = state.children.get(address) ?? childNamed(state, address);
  if (child === undefined) {
    // Already gone, or never there: either way it is stopped.
    replyTo.tell({ type: "stopped" });
    return;
  }
  state.waiting.set(child.address, [...(state.waiting.get(child.address) ?? []), replyTo]);
  ctx.stop(child);
}

function onChildStopped(state: State, { address }: ChildStopped): void {
  state.children.delete(address);
  for (const replyTo of state.waiting.get(address) ?? []) replyTo.tell({ type: "stopped" });
  state.waiting.delete(address);
}

/** An address without an incarnation means whichever child has the name. */
function childNamed({ children }: State, address: string): ActorRef<never> | undefined {
  for (const [own, ref] of children) if (own.startsWith(`${address}#`)) return ref;
  return undefined;
}
