/** What a distributor does with each message, looked at before and after: the laws that `distributor.ts` begins with. */

import type { Message, MessageOf, State } from "../actors/distributor/state.js";
import { controllerAddress } from "../actors/protocol/controller.js";
import type { Behaviour } from "../runtime/behaviour.js";
import type { Decorate } from "../runtime/system-options.js";
import { taskKey } from "../task/identity.js";
import { nodesWaitingFor } from "../task/task.js";
import type { StepListener } from "./step-listener.js";
import { ToldInStep } from "./told.js";

export function createDistributorChecker(listener: StepListener): Decorate {
  return (name, behaviour) =>
    name === "distributor"
      ? (checked(behaviour as unknown as Behaviour<State, Message>, listener) as unknown as typeof behaviour)
      : behaviour;
}

/** A subscriber's place before a step. */
interface Place {
  readonly nextPosition: number;
  readonly demand: number;
  readonly reading: boolean;
}

function checked(
  behaviour: Behaviour<State, Message>,
  { onViolation, tried }: StepListener,
): Behaviour<State, Message> {
  const told = new ToldInStep();
  return {
    ...behaviour,
    receive(state, message, ctx) {
      told.begin();
      const report = (text: string): void => onViolation(`step: distributor: ${message.type}: ${text}`);
      const { retained } = state;
      const { unvouched } = retained;
      const arriving =
        message.type === "store" ? message.task : message.type === "recordDrop" ? message.drop : null;
      const waiting = arriving === null ? undefined : retained.pending.get(taskKey(arriving.id));
      if (waiting !== undefined && waiting.origin !== arriving?.origin) {
        tried("distributor a record that waits and comes again from another process");
      }
      const places = new Map<string, Place>();
      for (const [address, subscription] of retained.subscriptions) {
        const { nextPosition, demand, reading } = subscription;
        places.set(address, { nextPosition, demand, reading });
      }
      const pushes =
        message.type === "appendEnded" || message.type === "sliceRead" ? countPushes(state) : null;
      const next = behaviour.receive(state, message, told.watchContext(ctx));
      const records = pushes?.end();
      checkRooms(state, report);
      if (retained.unvouched === unvouched) checkArrival(state, message, told, { report, tried });
      if (records !== undefined && (message.type === "appendEnded" || message.type === "sliceRead")) {
        checkPushes(state, message, { places, records }, { report, tried });
      }
      return next;
    },
  };
}

interface Report {
  readonly report: (text: string) => void;
  readonly tried: (law: string) => void;
}

/** DI4: what waits takes room, and nothing else does. */
function checkRooms({ retained }: State, report: Report["report"]): void {
  const { pending, pendingBytes, room } = retained;
  if (room.records.size !== pending.size)
    report(`${pending.size} records wait, with room for ${room.records.size}`);
  if (room.bytes.size !== pendingBytes)
    report(`${pendingBytes} bytes wait, with room for ${room.bytes.size}`);
}

/** DI1, DI8: whoever delivered last is answered, and whoever waits for what was dropped is told. */
function checkArrival(
  { retained }: State,
  message: Message,
  told: ToldInStep,
  { report, tried }: Report,
): void {
  const arrived =
    message.type === "store" ? message.task : message.type === "recordDrop" ? message.drop : null;
  if (arrived === null) return;
  const key = taskKey(arrived.id);
  const waiting = retained.pending.get(key);
  // A seal is for nobody.
  if (waiting !== undefined && waiting.origin !== null && waiting.origin !== arrived.origin)
    report(`${key} is answered to ${waiting.origin}`);
  // Of what is disowned nobody is told anything but its source, where that still has it.
  if (message.type !== "recordDrop" || message.drop.disowned === true) return;
  const { drop } = message;
  for (const node of nodesWaitingFor(drop)) {
    const others = node !== drop.node;
    tried(
      others ? "distributor a drop that others wait for" : "distributor a drop at the node that waits for it",
    );
    const isTold = told.all.some(
      ({ to, message: { type } }) => type === "abandon" && to === controllerAddress(node),
    );
    if (!isTold) report(`${node} is not told that ${key} was dropped at ${drop.node}`);
  }
}

/** DI6: what is pushed is taken off what was asked for, and waits for a read that is under way. */
function checkPushes(
  { retained }: State,
  message: MessageOf<"appendEnded" | "sliceRead">,
  {
    places,
    records,
  }: { readonly places: ReadonlyMap<string, Place>; readonly records: ReadonlyMap<string, number> },
  { report, tried }: Report,
): void {
  for (const [address, { demand, nextPosition, sourceId }] of retained.subscriptions) {
    const before = places.get(address);
    if (before === undefined) continue;
    const count = records.get(address) ?? 0;
    if (count > 0) tried("distributor a record that is pushed");
    if (before.demand - demand !== count) {
      report(`${address} asks for ${before.demand - demand} records less, and was pushed ${count}`);
    }
    if (message.type === "appendEnded" && before.reading && message.result.ok) {
      const [first] = message.result.reply;
      const fits = first?.status === "stored" && first.record.position <= before.nextPosition;
      if (fits) tried("distributor a batch that is stored while its place is read");
      if (count > 0) report(`${address} is pushed what is stored while it reads`);
    }
    if (
      message.type === "sliceRead" &&
      message.result.ok &&
      message.subscription.subscriber.address === address
    ) {
      if (sourceId !== undefined) tried("distributor a slice of one source");
      const read = message.result.reply.nextPosition;
      if (demand > 0 && nextPosition < read)
        report(`${address} is at ${nextPosition}, and was read to ${read}`);
    }
  }
}

/** Counts the records that subscribers are told in a step. */
function countPushes({ retained }: State): { readonly end: () => ReadonlyMap<string, number> } {
  const counts = new Map<string, number>();
  const watched = [...retained.subscriptions.values()].map((subscription) => {
    const { subscriber } = subscription;
    const counting = {
      address: subscriber.address,
      toJSON: () => subscriber.toJSON(),
      tell: (...[event, lane]: Parameters<typeof subscriber.tell>) => {
        if (event.type === "record")
          counts.set(subscriber.address, (counts.get(subscriber.address) ?? 0) + 1);
        subscriber.tell(event, lane);
      },
    };
    Object.assign(subscription, { subscriber: counting });
    return () => Object.assign(subscription, { subscriber });
  });
  return {
    end() {
      for (const restore of watched) restore();
      return counts;
    },
  };
}
