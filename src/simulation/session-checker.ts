/**
 * The sessions that a simulated hub gives, over all its processes.
 *
 * SU1 None is given twice, and each is above all that were given before, however the clock was set meanwhile.
 */

import type { SluiceNode } from "../node/node.js";
import type { StepListener } from "./step-listener.js";

export class SessionChecker {
  readonly #listener: StepListener;
  #last = 0;
  #processes = 0;

  constructor(listener: StepListener) {
    this.#listener = listener;
  }

  /** Listens to one process of the hub after the other. */
  follow({ name, cluster }: SluiceNode): void {
    if (cluster === null) return;
    this.#processes += 1;
    if (this.#processes > 1) this.#listener.tried("members sessions of another process of the hub");
    for (const member of cluster.members.values()) this.#given(member.session, member.name);
    cluster.subscribe((event) => {
      if (event.type === "memberUp" && event.member.name !== name)
        this.#given(event.member.session, event.member.name);
    });
  }

  #given(session: number, to: string): void {
    if (session <= this.#last) {
      this.#listener.onViolation(
        `members: ${to} was given session ${session}, and ${this.#last} was given before`,
      );
    }
    this.#last = Math.max(this.#last, session);
  }
}
