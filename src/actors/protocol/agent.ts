/** What an operator asks of a node, and what its agent answers. */

import type { ActorTree } from "../../runtime/actor-figures.js";
import type { ActorRef } from "../../runtime/actor-ref.js";
import type { KeptLetter } from "../../runtime/kept-letters.js";
import type { Takeover } from "../../task/hosting.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import type { LedgerReported } from "../../task/reports.js";
import type { PipelineText, SourceRequest } from "../../task/requests.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { ServiceDeclaration } from "../../task/service.js";
import type { PictureLook } from "../../task/picture.js";
import type { NodeEvent } from "./generator.js";
import type { PictureMessage } from "./pictures.js";
import type { ProbeEvent, ProbeOrder } from "./synthetic.js";

/** What an agent is asked; by the same `order` again it is not done again, but answered as it was. */
export type AgentMessage =
  /** Start a source here. */
  | {
      readonly type: "addSource";
      readonly definition: SourceRequest;
      readonly replyTo: ActorRef<AgentReply>;
    }
  /** Start a source here that the scheduler has given to this node; whatever runs here under its name ends first. */
  | {
      readonly type: "takeSource";
      readonly definition: SourceRequest;
      /** By which the node registers it. */
      readonly appointment: number;
      /** Null where it starts anew. */
      readonly takeover: Takeover | null;
      readonly replyTo: ActorRef<AgentReply>;
    }
  /** Let it walk another pipeline from its next task on; answered once it does, or why it goes on as before. */
  | {
      readonly type: "movePipeline";
      readonly sourceId: SourceId;
      readonly pipeline: PipelineText;
      readonly order?: string;
      readonly replyTo: ActorRef<AgentReply>;
    }
  /** Capture no more of it; answered once every task is settled. */
  | {
      readonly type: "drainSource";
      readonly sourceId: SourceId;
      readonly order?: string;
      readonly replyTo: ActorRef<AgentReply>;
    }
  /** Of a hub: free the name of a node, so that another one may join with it. */
  | {
      readonly type: "freeName";
      readonly name: NodeName;
      readonly order?: string;
      readonly replyTo: ActorRef<AgentReply>;
    }
  /** From the hub: send pictures of a source that runs here to the watcher, until the look is over. */
  | {
      readonly type: "watchPictures";
      readonly sourceId: SourceId;
      readonly look: PictureLook;
      readonly watcher: ActorRef<PictureMessage>;
    }
  /** Of a hub: measure its cluster by tasks that are no results of it, and tell the listener what becomes of them. */
  | {
      readonly type: "openProbe";
      readonly probe: ProbeOrder;
      readonly listener: ActorRef<ProbeEvent>;
      readonly replyTo: ActorRef<AgentReply>;
    }
  | { readonly type: "reportSources"; readonly replyTo: ActorRef<SourcesReported> }
  /** The text of the pipeline that a source walks, and what stages may be made of here. */
  | {
      readonly type: "reportPipeline";
      readonly sourceId: SourceId;
      readonly replyTo: ActorRef<PipelineReply>;
    }
  /** The actors that there are, and how many messages were lost. */
  | { readonly type: "reportActors"; readonly replyTo: ActorRef<ActorsReported> }
  /** The newest messages that were lost. */
  | { readonly type: "reportDeadLetters"; readonly replyTo: ActorRef<DeadLettersReported> }
  /** Drain every source and leave the cluster. */
  | { readonly type: "drain"; readonly order?: string; readonly replyTo: ActorRef<AgentReply> }
  /** What has happened since `after` comes first: the place of the last event that the listener was told, or null of a new one. */
  | {
      readonly type: "watchEvents";
      readonly listener: ActorRef<WatcherMessage>;
      readonly after: EventPlace | null;
    };

/** Where an event stands among those of a node. */
export interface EventPlace {
  /** Tells apart the agents that a node has had. */
  readonly run: number;
  /** From 1. */
  readonly number: number;
}

/** What a watcher of a node is told. */
export type WatcherMessage =
  /** It hears of everything after this. */
  { readonly type: "watching"; readonly at: EventPlace } | (NodeEvent & { readonly at: EventPlace });

export type AgentReply = { readonly type: "done" } | { readonly type: "refused"; readonly error: Error };

/** A pipeline and the text of it, as it was asked for, and the services that the node knows. */
export interface PipelineReported {
  readonly type: "pipelineReported";
  readonly node: NodeName;
  readonly text: PipelineText;
  readonly pipeline: Pipeline;
  readonly services: readonly ServiceOffer[];
}

export type PipelineReply =
  PipelineReported | { readonly type: "pipelineRefused"; readonly node: NodeName; readonly error: Error };

/** A service, as far as whoever makes a pipeline is to know it. */
export type ServiceOffer = Omit<ServiceDeclaration, "module">;

/** The actors of a node. */
export interface ActorsReported extends ActorTree {
  readonly type: "actorsReported";
  readonly node: NodeName;
  /** Messages that were not handled since the node started, by reason. */
  readonly deadLetters: Readonly<Record<string, number>>;
}

/** Messages of a node that were not handled, newest first. */
export interface DeadLettersReported {
  readonly type: "deadLettersReported";
  readonly node: NodeName;
  readonly letters: readonly KeptLetter[];
}

/** The sources that run on a node. */
export interface SourcesReported {
  readonly type: "sourcesReported";
  readonly node: NodeName;
  readonly ledgers: readonly LedgerReported[];
}
