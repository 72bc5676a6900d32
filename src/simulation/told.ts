/** What an actor tells others while it handles one message. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Context } from "../runtime/behaviour.js";

/** One message, and to whom: an address, or a name of a part. */
export interface Told {
  readonly to: string;
  readonly message: Readonly<Record<string, unknown>> & { readonly type: string };
}

export class ToldInStep {
  #told: Told[] = [];

  /** Of the step that is under way or has just ended, in order. */
  get all(): readonly Told[] {
    return this.#told;
  }

  /** Another step begins. */
  begin(): void {
    this.#told = [];
  }

  /** The ref, but what it is told is noted. */
  watch<Message>(ref: ActorRef<Message>, to: string = ref.address): ActorRef<Message> {
    return {
      address: ref.address,
      toJSON: () => ref.toJSON(),
      tell: (message, lane) => {
        this.#told.push({ to, message: message as unknown as Told["message"] });
        ref.tell(message, lane);
      },
    };
  }

  /** The context, but what those are told whom it resolves is noted. */
  watchContext<Message>(ctx: Context<Message>): Context<Message> {
    const resolve = <Target>(address: string): ActorRef<Target> =>
      this.watch(ctx.resolve<Target>(address), address);
    return new Proxy(ctx, {
      get(target, property) {
        if (property === "resolve") return resolve;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }
}
