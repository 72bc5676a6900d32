/** That tasks which one controller tells another arrive in the order of their sending, over whatever links. */

import { parseAddress } from "../runtime/address.js";
import type { ActorRef } from "../runtime/actor-ref.js";
import type { Context } from "../runtime/behaviour.js";
import type { Decorate } from "../runtime/system-options.js";
import { taskKey } from "../task/identity.js";
import type { Task } from "../task/task.js";

interface Sent {
  readonly from: string;
  readonly to: string;
  readonly number: number;
}

export class OrderChecker {
  readonly #onDisorder: (text: string) => void;
  /** By message: what was sent of it, in order. */
  readonly #sent = new Map<string, Sent[]>();
  /** By incarnations of two nodes, the number of the last arrival. */
  readonly #arrived = new Map<string, number>();
  #count = 0;

  constructor(onDisorder: (text: string) => void) {
    this.#onDisorder = onDisorder;
  }

  /** @param incarnation tells the processes of a host apart */
  decorateOf(host: string, incarnation: () => number): Decorate {
    return (name, behaviour) => {
      if (name !== "controller") return behaviour;
      return {
        ...behaviour,
        start: (ctx) => behaviour.start(this.#watched(ctx, `${host}#${incarnation()}`)),
        receive: (state, message, ctx) => {
          const text = textOf(message);
          if (text !== null) this.#arrive(text, host, `${host}#${incarnation()}`);
          return behaviour.receive(state, message, ctx);
        },
      };
    };
  }

  /** The context, but what is told to other controllers is noted. */
  #watched<Message>(ctx: Context<Message>, from: string): Context<Message> {
    const resolve = <Target>(address: string): ActorRef<Target> => {
      const ref = ctx.resolve<Target>(address);
      const { node, path } = parseAddress(address);
      if (path !== "/controller") return ref;
      return {
        address: ref.address,
        toJSON: () => ref.toJSON(),
        tell: (message, lane) => {
          const text = textOf(message);
          if (text !== null && lane !== "control") this.#send(text, from, node);
          ref.tell(message, lane);
        },
      };
    };
    return new Proxy(ctx, {
      get(target, property) {
        if (property === "resolve") return resolve;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  #send(text: string, from: string, to: string): void {
    const sent = this.#sent.get(text) ?? [];
    this.#sent.set(text, sent);
    sent.push({ from, to, number: (this.#count += 1) });
  }

  /** What is sent twice is the same message twice, so any of them that comes after the last arrival will do. */
  #arrive(text: string, host: string, receiver: string): void {
    const mine = (this.#sent.get(text) ?? []).filter(({ to }) => to === host);
    const [first] = mine;
    if (first === undefined) return;
    const next = mine.find(({ from, number }) => number > (this.#arrived.get(`${from} ${receiver}`) ?? 0));
    if (next === undefined)
      this.#onDisorder(`order: ${text} of ${first.from} was overtaken on its way to ${host}`);
    else this.#arrived.set(`${next.from} ${receiver}`, next.number);
  }
}

/** What tells one message with a task from another; null of what is none. */
function textOf(message: unknown): string | null {
  const { type, task } = message as { readonly type?: unknown; readonly task?: Task };
  if (type !== "submit" || task === undefined) return null;
  return `${taskKey(task.id)} ${task.delivery} ${task.cameFrom ?? ""}>${task.cursor}`;
}
