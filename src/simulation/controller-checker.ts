/**
 * What a controller does with each message, looked at before and after: the laws that `controller.ts` and `join.ts` begin with,
 * held at every step. What breaks one may well be mended later, by a redelivery or a newer table, and is found here all the same.
 */

import type { Message, Router } from "../actors/controller/state.js";
import type { Behaviour } from "../runtime/behaviour.js";
import type { Decorate } from "../runtime/system-options.js";
import { ControllerStep } from "./controller-step.js";
import type { StepListener } from "./step-listener.js";
import { ToldInStep } from "./told.js";

export function createControllerChecker(listener: StepListener): Decorate {
  return (name, behaviour) =>
    name === "controller"
      ? (checked(behaviour as unknown as Behaviour<Router, Message>, listener) as unknown as typeof behaviour)
      : behaviour;
}

function checked(
  behaviour: Behaviour<Router, Message>,
  { onViolation, tried }: StepListener,
): Behaviour<Router, Message> {
  const told = new ToldInStep();
  return {
    ...behaviour,
    start(ctx) {
      told.begin();
      const router = behaviour.start(told.watchContext(ctx));
      return { ...router, distributor: told.watch(router.distributor) };
    },
    receive(router, message, ctx) {
      told.begin();
      const step = new ControllerStep(router, told, {
        onViolation: (text) => onViolation(`step: ${router.node}: ${message.type}: ${text}`),
        tried: (law) => tried(`controller ${law}`),
      });
      step.begin(message);
      const watched: Message =
        message.type === "processorStarted"
          ? { ...message, processor: told.watch(message.processor) }
          : message;
      const next = behaviour.receive(router, watched, ctx);
      step.end(message);
      return next;
    },
  };
}
