/** What a page asks: put to the same gate as an operator's words. What another node answers is its word, and is checked as such. */

import type { ActorRef } from "../runtime/actor-ref.js";
import { parseAddress } from "../runtime/address.js";
import {
  ACTORS_REPORTED,
  AGENT_REPLY,
  DEAD_LETTERS_REPORTED,
  PIPELINE_REPLY,
  SOURCES_REPORTED,
  type ReplyForm,
} from "../actors/guard/replies.js";
import { parseWith, z } from "../runtime/parse.js";
import { CodedError, errorText, replyInvalid, RuntimeError } from "../runtime/errors.js";
import { Refusal, type Sender } from "../transport/cluster/guard.js";
import type { ReaderRole } from "./caller.js";
import { givePatiently } from "../operator/patient-order.js";
import { secretName } from "../operator/secret-name.js";
import { parseNodeName, type NodeName } from "../task/identity.js";
import type { PageHub } from "./page-hub.js";
import type { PageMessage, PageRequest } from "./page-protocol.js";

type Ask = Extract<PageRequest, { readonly type: "ask" }>;

const ASKS_MAX = 32;
/** What the agent of any node answers, by what it is asked. */
const AGENT_REPLIES: ReadonlyMap<unknown, ReplyForm<unknown>> = new Map<string, ReplyForm<unknown>>([
  ["addSource", AGENT_REPLY],
  ["movePipeline", AGENT_REPLY],
  ["drainSource", AGENT_REPLY],
  ["freeName", AGENT_REPLY],
  ["drain", AGENT_REPLY],
  ["reportSources", SOURCES_REPORTED],
  ["reportPipeline", PIPELINE_REPLY],
  ["reportActors", ACTORS_REPORTED],
  ["reportDeadLetters", DEAD_LETTERS_REPORTED],
]);
/** Of this hub's own actors. */
const TRUSTED: ReplyForm<unknown> = { schema: z.unknown() };
const NONE: ReplyForm<unknown> = { schema: z.never() };

/** A source that ends finishes what is under way first. */
const TIMEOUT_MS = 10 * 60_000;

/** @param tell takes the answer of each ask */
export function createPageAsks(
  hub: PageHub,
  role: ReaderRole,
  tell: (message: PageMessage) => void,
): (ask: Ask) => void {
  const { system } = hub;
  const sender: Sender = { name: system.name, roles: [role], grants: [] };
  let running = 0;

  /** @throws RuntimeError `permission-denied` */
  function checked(path: string, message: unknown): unknown {
    const known = hub.guard(sender, path, message);
    if (!(known instanceof Refusal)) return known;
    hub.countRefusal(`page-${known.reason}`, known.detail);
    throw new RuntimeError(known.detail, { code: "permission-denied" });
  }

  /** What a node is to do is done once, also where its answer is lost at first. */
  async function order(
    node: NodeName,
    message: Ask["message"],
    ask: (asked: Ask["message"], timeoutMs: number) => Promise<unknown>,
  ): Promise<unknown> {
    const { cluster } = hub.operator;
    const id = { order: secretName(system, "order") };
    const definition: unknown = message["definition"];
    // The guard reads it.
    const asked =
      message["type"] === "addSource"
        ? { ...message, definition: { ...Object(definition), ...id } }
        : { ...message, ...id };
    return await givePatiently({ system, cluster, node }, TIMEOUT_MS, (leftMs) => ask(asked, leftMs));
  }

  async function answer({ id, to, message }: Ask): Promise<PageMessage> {
    try {
      const { node, path } = parseAddress(to);
      const { schema } = node === system.name ? TRUSTED : (AGENT_REPLIES.get(message["type"]) ?? NONE);
      const ask = (asked: Ask["message"], timeoutMs: number): Promise<unknown> =>
        system.ask<unknown, unknown>(
          system.resolve(to),
          (replyTo: ActorRef<unknown>) => checked(path, { ...asked, replyTo }),
          { timeoutMs },
        );
      const reply =
        schema === AGENT_REPLY.schema
          ? await order(parseNodeName(node), message, ask)
          : await ask(message, TIMEOUT_MS);
      const parsed = parseWith(schema, reply);
      if (parsed.ok) return { type: "reply", id, message: parsed.value };
      throw replyInvalid(to, parsed.problem);
    } catch (thrown) {
      const code = thrown instanceof CodedError ? String(thrown.code) : "failed";
      return { type: "failed", id, code, problem: errorText(thrown) };
    }
  }

  async function run(ask: Ask): Promise<void> {
    running += 1;
    const told = await answer(ask);
    running -= 1;
    try {
      tell(told);
    } catch (thrown) {
      // It cannot be written: too long for a text, or of a kind that JSON has not.
      tell({ type: "failed", id: ask.id, code: "reply-invalid", problem: errorText(thrown) });
    }
  }

  return (ask) => {
    if (running < ASKS_MAX) void run(ask);
    else
      tell({ type: "failed", id: ask.id, code: "mailbox-full", problem: "The page asks too much at a time" });
  };
}
