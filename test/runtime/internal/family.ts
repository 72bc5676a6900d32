/** A parent with children, for tests of what its supervisor does. */

import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import type { Behaviour, Terminated } from "../../../src/runtime/behaviour.js";
import type { RestartType, SupervisionStrategy } from "../../../src/runtime/spawn-options.js";
import { createSteppedSystem, type SteppedSystem } from "../../support/stepped-system.js";
import { after10ms } from "../../support/worker.js";

type Order = "fail" | "end" | { readonly note: string };

/** Its state is the notes that it has received; it fails or stops itself when asked to. */
export function child(journal: string[]): Behaviour<string[], Order> {
  return {
    start(ctx) {
      journal.push(`start ${ctx.name}`);
      return [];
    },
    receive(notes, order, ctx) {
      if (order === "fail") throw new Error(`${ctx.name} was asked to`);
      if (order === "end") ctx.stop(ctx.self);
      else {
        notes.push(order.note);
        journal.push(`${ctx.name} has ${notes.join()}`);
      }
      return notes;
    },
    stop(_notes, ctx, reason) {
      journal.push(`${reason} ${ctx.name}`);
    },
  };
}

interface Family extends SteppedSystem {
  readonly journal: string[];
  readonly ended: Terminated[];
  readonly refs: Readonly<Record<string, ActorRef<Order>>>;
}

/** A parent with `children`, started in that order; each has received one note. */
export function family(
  strategy: SupervisionStrategy,
  children: Readonly<Record<string, RestartType>>,
): Family {
  const stepped = createSteppedSystem({ supervision: { ...after10ms, intensity: 0 } });
  const journal: string[] = [];
  const ended: Terminated[] = [];
  const parent: Behaviour<null, never> = {
    start(ctx) {
      journal.push("start parent");
      for (const [name, restart] of Object.entries(children)) ctx.spawn(child(journal), { name, restart });
      return null;
    },
    receive: (state) => state,
    stop: (_state, _ctx, reason) => void journal.push(`${reason} parent`),
  };
  stepped.system.spawn(parent, {
    name: "parent",
    supervision: { ...after10ms, strategy },
    restart: "temporary",
  });
  stepped.settle();
  const refs = Object.fromEntries(
    Object.keys(children).map((name) => [
      name,
      stepped.system.resolve<Order>(`sluice://test/parent/${name}`),
    ]),
  );
  for (const ref of Object.values(refs)) stepped.system.watch(ref, (event) => ended.push(event));
  for (const ref of Object.values(refs)) ref.tell({ note: "old" });
  stepped.settle();
  journal.length = 0;
  return { ...stepped, journal, ended, refs };
}
