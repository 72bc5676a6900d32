/** Two systems joined by a `Remote` under test, the traits in which implementations differ, and what the tests share. */

import { test } from "../support/test.js";
import type { ActorRef, Lane } from "../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import type { DeadLetter } from "../../src/runtime/dead-letters.js";
import { CodedError } from "../../src/runtime/errors.js";
import type { ActorSystem } from "../../src/runtime/system.js";
import { within } from "../support/within.js";
import { pause } from "../support/pause.js";

export interface RemoteSubject {
  readonly here: ActorSystem;
  readonly there: ActorSystem;
  /** Cuts `there` off from everybody, for the rest of the test. */
  readonly cut: () => void;
  readonly end: () => Promise<void>;
}

export interface RemoteTraits {
  /**
   * `copied`: the receiver has a message of its own, and what the sender does to its own afterwards changes nothing.
   * `shared`: sender and receiver have the same objects but for refs. Nodes of one process share its memory, and a frame costs
   * nothing to pass on; behaviours do not write to messages.
   */
  readonly messages: "copied" | "shared";
  /**
   * Whether a message has to keep the limits of the codec. A mesh encodes nothing, so it has no reason to refuse a message that
   * is large, has a key `__proto__`, or has a function inside an error.
   */
  readonly codecLimits: boolean;
  /**
   * What becomes of a message with a ref whose address is invalid. A mesh resolves the addresses in a message as it is sent, so
   * the sender's system has a dead letter. A cluster resolves them where the message arrives: there it is counted as malformed.
   */
  readonly invalidRefs: "deadLetter" | "lost";
  /**
   * `perReceiver`: a small message may overtake a large one that is for another actor, as a link sends large ones in chunks and
   * lets receivers take turns. `perNode`: all messages to a node arrive in the order of sending; none takes time to pass.
   */
  readonly order: "perReceiver" | "perNode";
  /**
   * Which actors of another node `stop` stops. Nodes of a cluster stop for others only what they have spawned for them; nodes of
   * one process are one program and trust each other.
   */
  readonly stops: "spawnedForOthers" | "any";
  /**
   * What `stop` does when the node of the actor is not joined. A cluster cannot know whether the actor still runs; where a node
   * of the same process is not joined, there is nothing to stop.
   */
  readonly stopsUnreachable: "rejects" | "resolves";
}

interface RemoteScene extends RemoteSubject {
  readonly traits: RemoteTraits;
  /** From here to the actor of that path there. */
  readonly to: <Message>(path: string) => ActorRef<Message>;
  /** Asks the actor of that path there, a `responder`, to send `value` back. */
  readonly ask: (path: string, value?: unknown, lane?: Lane) => Promise<unknown>;
  /** Resolves once all small messages that were sent from here to there before, in both lanes, have arrived. */
  readonly arrived: () => Promise<void>;
  /** Cuts the two apart, and resolves once the system here knows. */
  readonly cutAndNotice: () => Promise<void>;
  /** Dead letters of the system here. */
  readonly letters: readonly DeadLetter[];
}

/** Registers a test that runs in a scene of its own. */
export type EachScene = (what: string, work: (scene: RemoteScene) => Promise<void>) => void;

export type Question =
  | { readonly type: "echo"; readonly value: unknown; readonly replyTo: ActorRef<unknown> }
  | { readonly type: "fail"; readonly replyTo: ActorRef<unknown> };

export const responder: Behaviour<null, Question> = {
  start: () => null,
  receive(state, question) {
    if (question.type === "fail") throw new Error("asked to fail");
    question.replyTo.tell(question.value);
    return state;
  },
};

export function recorder<Message>(received: Message[]): Behaviour<null, Message> {
  return {
    start: () => null,
    receive(state, message) {
      received.push(message);
      return state;
    },
  };
}

/** Lets the event loop turn until `holds`. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const turning = { over: false };
  const work = async (): Promise<void> => {
    while (!holds() && !turning.over) await pause();
  };
  await within(10_000, work(), what).finally(() => (turning.over = true));
}

/** What `work` resolves with, or the code of its error. */
export async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await within(10_000, work, "the outcome of an ask");
  } catch (thrown) {
    return thrown instanceof CodedError ? thrown.code : thrown;
  }
}

/** @param open joins two fresh systems */
export function createEachScene(
  name: string,
  traits: RemoteTraits,
  open: () => Promise<RemoteSubject>,
): EachScene {
  return (what, work) =>
    test(`${name}: ${what}`, async () => {
      const subject = await open();
      try {
        await work(createScene(subject, traits));
      } finally {
        await within(20_000, subject.end(), "the end of the two systems");
      }
    });
}

function createScene(subject: RemoteSubject, traits: RemoteTraits): RemoteScene {
  const { here, there, cut } = subject;
  const letters: DeadLetter[] = [];
  here.deadLetters.subscribe((letter) => letters.push(letter));
  there.spawn(responder, { name: "responder" });
  const to = <Message>(path: string) => here.resolve<Message>(`sluice://${there.name}/${path}`);
  const ask = (path: string, value: unknown = null, lane: Lane = "data") =>
    here.ask<Question, unknown>(to(path), (replyTo) => ({ type: "echo", value, replyTo }), { lane });
  return {
    ...subject,
    traits,
    letters,
    to,
    ask,
    async arrived() {
      for (const lane of ["control", "data"] as const) await within(10_000, ask("responder", null, lane));
    },
    async cutAndNotice() {
      const noticed = new Promise<void>((resolve) => void here.watch(to("responder"), () => resolve()));
      cut();
      await within(10_000, noticed, "the event of the cut");
    },
  };
}
