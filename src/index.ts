/** The public, programmatic API of Sluice: its actors, its nodes, and the ways to bring policies and services of one's own. */

export * from "./runtime/index.js";

// ── Clusters: nodes in processes of their own, and what carries between them ─────────────────────────────────────────

export type { Carrier, Channel, ChannelListener, Listening } from "./transport/carrier.js";
export { createMemoryNetwork } from "./transport/carriers/memory.js";
export { createWsCarrier } from "./transport/carriers/ws.js";
export type {
  Cluster,
  ClusterEvent,
  LinkReport,
  Member,
  MembershipEvent,
  RemoteSpawnOptions,
  Role,
} from "./transport/cluster/cluster.js";
export type { Guard, Sender, Verdict } from "./transport/cluster/guard.js";
export { startHub, type HubOptions } from "./transport/cluster/hub.js";
export { joinCluster, type JoinOptions } from "./transport/cluster/joiner.js";
export { TransportError, type TransportErrorCode } from "./transport/errors.js";
export { createLocalMesh } from "./transport/local-mesh.js";
export type { Mesh } from "./transport/mesh.js";
export { createMemoryTokens, type MemoryTokens } from "./transport/security/memory-tokens.js";
export type { TokenAuthority } from "./transport/security/token-authority.js";
export {
  createToken,
  listTokens,
  openTokenDirectory,
  revokeToken,
} from "./transport/security/token-directory.js";

// ── Nodes and sources ───────────────────────────────────────────────────────────────────────────────────────────────

export { SluiceError, type SluiceErrorCode } from "./task/errors.js";
export { parseSource, type SourceSpec } from "./actors/generator/source-spec.js";
export { startLocalCluster, type LocalCluster, type LocalClusterOptions } from "./node/local-cluster.js";
export type { NodeLimits } from "./node/components.js";
export type { NodeSources, SourceOptions } from "./node/sources.js";
export type { Control } from "./operator/control.js";
export { startNode, type SluiceNode } from "./node/node.js";
export type { NodeOptions } from "./node/node-options.js";
export type { LatencySummary, RunSummary, StageSummary } from "./operator/run-statistics.js";
export type { LedgerReported, ResourceSample } from "./task/reports.js";
export type { NodeEvent } from "./actors/protocol/generator.js";
export type { TableReported } from "./actors/protocol/scheduler.js";
export { DEFAULT_CONFIGURATION, parseConfiguration, type Configuration } from "./task/configuration.js";
export {
  parseNodeName,
  parseSourceId,
  type PipelineId,
  type SourceId,
  type StageId,
  type TaskId,
} from "./task/identity.js";
export { parsePipelineFile, type PipelineFile } from "./task/pipeline-file.js";
export { definePipeline, type PipelineDefinition, type StageDefinition } from "./task/define-pipeline.js";
export { type Pipeline, type QueuePolicy, type Stage } from "./task/pipeline.js";
export type { RoutingTable, SourceRoute } from "./task/routing-table.js";
export type { Cursor, DropReason, Hop } from "./task/task.js";

// ── Results ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export { exportRecords } from "./storage/results/export.js";
export { iterateRecords, openStoreForReading } from "./storage/results/read-store.js";
export { openStore } from "./storage/results/open-store.js";
export { type FlushOptions } from "./actors/distributor/spawn.js";
export type { Store } from "./storage/results/store.js";
export type { Repair } from "./task/reports.js";
export type { DistributorMessage, QueryReply, SubscriptionEvent } from "./actors/protocol/distributor.js";
export type { ResultQuery, StoredGap, StoredRecord, StoredResult } from "./task/record.js";

// ── Services of one's own: a module that exports `service`, and its declaration ─────────────────────────────────────

export type { LoadContext, RgbFrame, Service, ServiceInput, ServiceInstance } from "./services/service.js";
export { SERVICES } from "./services/catalogue.js";
export type { DataType, Detection, ServiceDeclaration, StageResult } from "./task/service.js";

// ── Captures of one's own: frames on demand from a camera that ffmpeg does not read ─────────────────────────────────

export type {
  Capture,
  CapturedFrame,
  CaptureInfo,
  CaptureListener,
  CaptureOptions,
  CapturePort,
} from "./actors/generator/capture.js";
export { allocateShared } from "./runtime/shared-memory.js";

// ── Policies of one's own: a pure function from what is known to a plan ─────────────────────────────────────────────

export type { Explanation, NodeDescription, PolicySpec, SourceDescription } from "./task/requests.js";
export type { RecentOutcomes } from "./actors/scheduler/outcome-window.js";
export { createStatelessPolicy } from "./actors/scheduler/policies/stateless.js";
export {
  bindPolicy,
  type BoundPolicy,
  type Decision,
  type LinkView,
  type NodeView,
  type Plan,
  type Policy,
  type PolicyScope,
  type PolicyView,
} from "./actors/scheduler/policy.js";
