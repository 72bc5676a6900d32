/** What a node asks its hub for a model that it lacks, part by part, and what it is answered. */

import type { ActorRef } from "../../runtime/actor-ref.js";

export type ModelsMessage =
  /** Which content a name stands for. */
  | { readonly type: "findModel"; readonly file: string; readonly replyTo: ActorRef<ModelReply> }
  /** The bytes from `offset` on: one part of one model at a time for each node. */
  | {
      readonly type: "readModel";
      readonly file: string;
      readonly sha256: string;
      readonly offset: number;
      readonly replyTo: ActorRef<ModelPartReply>;
    };

interface ModelRefused {
  readonly type: "modelRefused";
  readonly error: Error;
}

export type ModelReply =
  | {
      readonly type: "modelFound";
      readonly bytes: number;
      readonly sha256: string;
      /** Text of the description; null where there is none. */
      readonly description: string | null;
    }
  | ModelRefused;

export type ModelPartReply = { readonly type: "modelPart"; readonly data: Uint8Array } | ModelRefused;
