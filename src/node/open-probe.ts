/** Has a hub measure its cluster by a synthetic source: one at a time. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { ActorSystem } from "../runtime/system.js";
import { createSyntheticSource } from "../actors/generator/synthetic-source.js";
import type { SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { ProbeEvent, ProbeOrder } from "../actors/protocol/synthetic.js";
import { SluiceError } from "../task/errors.js";
import type { NodeName } from "../task/identity.js";
import { syntheticOf } from "../task/synthetic.js";
import type { Vouch } from "../task/voucher.js";
import type { Components } from "./components.js";
import { syntheticFrames } from "./synthetic-frames.js";

interface ProbeContext {
  readonly system: ActorSystem;
  readonly cloud: NodeName;
  readonly components: Pick<Components, "controller">;
  readonly vouch: Vouch;
}

/** Starts what is ordered; whoever listens is told how it goes. @throws SluiceError `probe-refused` */
export type OpenProbe = (order: ProbeOrder, listener: ActorRef<ProbeEvent>) => Promise<void>;

export function createProbes({ system, cloud, components, vouch }: ProbeContext): OpenProbe {
  let open = false;

  return async (order, listener) => {
    if (system.name !== cloud) throw refused(`"${system.name}" is no hub`);
    if (open) throw refused("the cluster is being measured: try again once that has ended", "backoff");
    open = true;
    const source = system.spawn(
      createSyntheticSource({
        order,
        cloud,
        listener,
        vouch,
        controller: components.controller,
        scheduler: system.resolve<SchedulerMessage>(`sluice://${cloud}/scheduler`),
        makeFrames: syntheticFrames,
      }),
      { name: `source-${syntheticOf(order.like)}`, restart: "temporary", mailbox: { capacity: 1_024 } },
    );
    system.watch(source, () => (open = false));
    await Promise.resolve();
  };
}

function refused(why: string, retry: "never" | "backoff" = "never"): SluiceError {
  return new SluiceError(`Cannot measure the cluster as ${why}`, { code: "probe-refused", retry });
}
