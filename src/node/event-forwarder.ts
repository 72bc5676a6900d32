/** An actor that hands each event to a function of the program around the node. */

import type { Behaviour } from "../runtime/behaviour.js";
import { errorText } from "../runtime/errors.js";

/** What `onEvent` throws is logged: a fault of the program does not restart the actor. */
export function createEventForwarder<Event extends { readonly type: string }>(
  onEvent: (event: Event) => void,
): Behaviour<null, Event> {
  return {
    start: () => null,
    receive(state, event, ctx) {
      try {
        onEvent(event);
      } catch (thrown) {
        ctx.log.error("The listener of events threw", { event: event.type, error: errorText(thrown) });
      }
      return state;
    },
  };
}
