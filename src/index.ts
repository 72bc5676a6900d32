/** The public, programmatic API of Sluice. */

export type { ActorRef, Lane } from "./runtime/actor-ref.js";
