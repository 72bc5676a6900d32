/** Carries out what `supervision.ts` decides when a child of one actor ends. */

import type { Terminated } from "../behaviour.js";
import type { Clock } from "../clock.js";
import { RuntimeError } from "../errors.js";
import type { Logger } from "../log.js";
import { KernelActor, type KernelParent } from "./kernel.js";
import type { RestartType, SupervisionPolicy } from "../spawn-options.js";
import {
  decide,
  NO_RESTARTS,
  touchedBy,
  type RestartHistory,
  type SupervisionDecision,
} from "../supervision.js";

/** What a supervisor needs of its node. */
export interface SupervisorHost {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** An actor as its supervisor sees it. */
export abstract class SupervisedActor extends KernelActor {
  abstract readonly restart: RestartType;
  /** Path inside the node. */
  abstract readonly location: string;
  /** Restarts of this child alone; used by a `oneForOne` supervisor. */
  history: RestartHistory = NO_RESTARTS;
  /** All of them, for people. */
  restarts = 0;

  /** Stops its children and then itself, for good. */
  abstract terminate(reason: Terminated["reason"]): void;
  /** Ends its state and keeps its mailbox. */
  abstract suspend(): void;
  /** Starts a suspended actor again after `delayMs`. */
  abstract restartIn(delayMs: number): void;
}

/** The parent of the children, as their supervisor sees it. */
export interface SupervisorOwner {
  /** A child failed beyond what the policy allows, and is gone. */
  escalate(error: Error): void;
  /** The last child is gone. */
  emptied(): void;
}

/** Supervises the children of one parent. */
export class Supervisor {
  readonly parent: KernelParent;
  readonly #host: SupervisorHost;
  readonly #policy: SupervisionPolicy;
  readonly #owner: SupervisorOwner;
  #history: RestartHistory = NO_RESTARTS;

  constructor(host: SupervisorHost, parent: KernelParent, policy: SupervisionPolicy, owner: SupervisorOwner) {
    this.parent = parent;
    this.#host = host;
    this.#policy = policy;
    this.#owner = owner;
  }

  get size(): number {
    return this.parent.children.size;
  }

  /** Stops all children for good, the youngest first. Children spawned later start with an empty restart history. */
  stopAll(): void {
    this.#history = NO_RESTARTS;
    for (const child of [...this.parent.children.values()].toReversed()) child.stop();
  }

  /**
   * `child` failed with `error`, or stopped itself if that is null.
   *
   * @param foreign whether it failed on a message from another node
   */
  childEnded(child: SupervisedActor, error: Error | null, foreign = false): void {
    const { strategy } = this.#policy;
    const decision = decide({
      ending: error === null ? "ended" : "failed",
      restart: child.restart,
      policy: this.#policy,
      history: strategy === "oneForOne" ? child.history : this.#history,
      foreign,
      nowMs: this.#host.clock.monotonic(),
      random: this.#host.random(),
    });
    if (error !== null) this.#log(child, error, decision);
    switch (decision.type) {
      case "stop":
        child.terminate(error === null ? "stopped" : "failed");
        break;
      case "restart":
        if (strategy === "oneForOne") child.history = decision.history;
        else this.#history = decision.history;
        this.#restart(child, decision.delayMs);
        break;
      case "escalate":
        child.terminate("failed");
        this.#owner.escalate(
          new RuntimeError(
            `Cannot restart "${child.location}" again: ${this.#policy.intensity} restarts within ${this.#policy.periodMs} ms are spent`,
            { code: "supervision-exhausted", cause: error ?? undefined, details: { actor: child.location } },
          ),
        );
        break;
    }
  }

  childGone(): void {
    if (this.size === 0) this.#owner.emptied();
  }

  #restart(child: SupervisedActor, delayMs: number): void {
    const { strategy } = this.#policy;
    const touched = touchedBy(strategy, child, strategy === "oneForOne" ? [child] : this.#children());
    // Down in reverse order of start, up in order of start: equal delays keep their order.
    for (const cell of touched.toReversed()) {
      if (cell.restart === "temporary") cell.stop();
      else cell.suspend();
    }
    for (const cell of touched) {
      cell.restarts += 1;
      cell.restartIn(delayMs);
    }
  }

  #children(): SupervisedActor[] {
    return [...this.parent.children.values()].filter((child) => child instanceof SupervisedActor);
  }

  #log(child: SupervisedActor, error: Error, decision: SupervisionDecision): void {
    const details = { actor: child.location, error: error.message, stack: error.stack };
    if (decision.type === "restart") {
      this.#host.log.warn("Actor failed and restarts", { ...details, delayMs: Math.round(decision.delayMs) });
    } else {
      this.#host.log.error(
        decision.type === "stop" ? "Actor failed and stops" : "Actor failed beyond its supervision",
        details,
      );
    }
  }
}
