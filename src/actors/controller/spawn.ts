/** Starts a node's controller: supervised, and found by everyone at `sluice://NODE/controller`. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { ControllerMessage } from "../protocol/controller.js";
import { createController } from "./controller.js";
import { createControllerRetained, type ControllerOptions } from "./state.js";

export type { ControllerLimits } from "./state.js";

export function spawnController(parent: Spawner, options: ControllerOptions): ActorRef<ControllerMessage> {
  const { limits, node, memory } = options;
  return parent.spawn(createController(options, createControllerRetained(limits, node, memory)), {
    name: "controller",
    restart: "permanent",
    // Room for every window of every source, and each branch of their tasks.
    mailbox: { capacity: 100_000 },
  });
}
