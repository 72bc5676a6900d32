/**
 * That no task is nowhere: what has left a source and is not durable is its source's to deliver again, at every settlement and in
 * each process that the source has.
 *
 * CN1 A source lets go of a task only once a record of it is durable.
 * CN2 Its ledger has each task in flight that has left it, in whichever of its processes, and is not durable.
 * CN3 A source that has ended left nothing.
 */

import type { GeneratorInbox, GeneratorState } from "../actors/generator/state.js";
import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour, Context } from "../runtime/behaviour.js";
import type { Decorate } from "../runtime/system-options.js";
import { taskKey } from "../task/identity.js";
import type { LedgerReported } from "../task/reports.js";
import type { StepListener } from "./step-listener.js";
import type { TaskTimes } from "./task-times.js";

export interface ConservationCheckerOptions extends StepListener {
  readonly times: TaskTimes;
  /** Whether a source is on this host. */
  readonly isOwn: (sourceId: string) => boolean;
}

type Source = Behaviour<GeneratorState, GeneratorInbox>;

export function createConservationChecker(options: ConservationCheckerOptions): Decorate {
  return (name, behaviour) =>
    name.startsWith("source-")
      ? (checked(behaviour as unknown as Source, options) as unknown as typeof behaviour)
      : behaviour;
}

function checked(behaviour: Source, options: ConservationCheckerOptions): Source {
  const { times, isOwn, onViolation, tried } = options;
  return {
    ...behaviour,
    receive(state, message, ctx) {
      if (message.type === "taskSettled" && isOwn(message.id.sourceId)) {
        tried("source a task that it lets go");
        if (!times.isDurable(message.id))
          onViolation(
            `lost: ${taskKey(message.id)} is settled at its source, and no record of it is durable`,
          );
      }
      const next = behaviour.receive(state, message, ctx);
      if (message.type === "taskSettled" || message.type === "reportLedger")
        checkLedger(ledgerOf(behaviour, next, ctx), options);
      return next;
    },
  };
}

/** What the source would say of its tasks now. */
function ledgerOf(
  behaviour: Source,
  state: GeneratorState,
  ctx: Context<GeneratorInbox>,
): LedgerReported | null {
  let reported: LedgerReported | null = null;
  const replyTo: ActorRef<LedgerReported> = {
    address: ctx.self.address,
    toJSON: () => ctx.self.toJSON(),
    tell: (ledger) => void (reported = ledger),
  };
  behaviour.receive(state, { type: "reportLedger", replyTo }, ctx);
  return reported;
}

function checkLedger(
  ledger: LedgerReported | null,
  { times, isOwn, onViolation, tried }: ConservationCheckerOptions,
): void {
  if (ledger === null || !isOwn(ledger.sourceId)) return;
  const underway = times.underwayOf(ledger.sourceId);
  if (underway.length === 0) return;
  tried("source a ledger with tasks that are nowhere durable");
  const { accounts, status } = ledger;
  const inFlight = new Map(
    accounts.map(({ incarnation, outstanding }) => [incarnation, new Set(outstanding)]),
  );
  for (const id of underway) {
    if (inFlight.get(id.incarnation)?.has(id.sequence) === true) continue;
    onViolation(`lost: ${taskKey(id)} is not durable, and its source, which is ${status}, has it no more`);
  }
}
