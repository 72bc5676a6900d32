/** Tests of whole clusters in memory, and the actors that they run. */

import { test } from "./test.js";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import { CodedError } from "../../src/runtime/errors.js";
import { createMemoryCluster, type MemoryCluster } from "./memory-cluster.js";
import { within } from "./within.js";

export type Question =
  | { readonly type: "add"; readonly amount: number; readonly replyTo: ActorRef<number> }
  | { readonly type: "fail"; readonly replyTo: ActorRef<number> };

export const counter: Behaviour<number, Question> = {
  start: () => 0,
  receive(total, message) {
    if (message.type === "fail") throw new Error("asked to fail");
    message.replyTo.tell(total + message.amount);
    return total + message.amount;
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

export const add = (amount: number) => (replyTo: ActorRef<number>) =>
  ({ type: "add", amount, replyTo }) as const;

/** The code of the error that `work` rejects with. */
export async function failure(work: Promise<unknown>): Promise<string> {
  const error = await within(
    2_000,
    work.then(
      () => null,
      (thrown: unknown) => thrown,
    ),
  );
  return error instanceof CodedError ? error.code : String(error);
}

/** Registers a test that has a cluster of its own. */
export function clusterTest(name: string, run: (cluster: MemoryCluster) => Promise<void>): void {
  test(name, async () => {
    const cluster = createMemoryCluster();
    try {
      await run(cluster);
    } finally {
      await within(20_000, cluster.end(), "the end of the cluster");
    }
  });
}
