/**
 * The public, programmatic API of Sluice: its actors, its nodes, all that the command line does with them, and the ways to
 * bring policies, services and captures of one's own.
 *
 * A type that a signature here names is here too. Messages between components are not: what a program says to them, it
 * says through a node, a control or an operator.
 */

export * from "./runtime/index.js";

// ── Clusters: nodes in processes of their own, and what carries between them ─────────────────────────────────────────

export type {
  Carrier,
  Channel,
  ChannelCloseCode,
  ChannelClosed,
  ChannelListener,
  ConnectOptions,
  HttpRequest,
  HttpResponse,
  HttpService,
  Listening,
  ListenOptions,
} from "./transport/carrier.js";
export { createMemoryNetwork, type MemoryNetworkOptions } from "./transport/carriers/memory.js";
export { createWsCarrier, type WsCarrierOptions } from "./transport/carriers/ws.js";
export type { AcceptorLimits } from "./transport/cluster/acceptor.js";
export type { FailureLimit } from "./transport/cluster/failing-addresses.js";
export type {
  Cluster,
  ClusterEvent,
  ConnectionEvent,
  ClusterIdentity,
  HubCluster,
  LinkReport,
  Member,
  MembershipEvent,
  RemoteSpawnOptions,
  Role,
  TokenRole,
  SecurityCounts,
} from "./transport/cluster/cluster.js";
export { Refusal, type Guard, type Sender } from "./transport/cluster/guard.js";
export type { NameRegistry } from "./transport/security/names.js";
export type { SessionNumbers } from "./transport/security/sessions.js";
export { startHub } from "./transport/cluster/hub.js";
export type { HubOptions } from "./transport/cluster/hub-options.js";
export type { JoiningPeer } from "./transport/link/acceptor-handshake.js";
export type { DirectLinkOptions } from "./transport/cluster/direct-links.js";
export type { CheckCluster } from "./transport/link/dialer-handshake.js";
export type { HubDialOptions } from "./transport/cluster/hub-dialer.js";
export { joinCluster, type JoinOptions } from "./transport/cluster/joiner.js";
export type { NodeOptions as LinkedNodeOptions } from "./transport/cluster/node-core.js";
export { TRANSPORT_ERROR_CODES, TransportError, type TransportErrorCode } from "./transport/errors.js";
export type { LinkLimits } from "./transport/link/link-limits.js";
export { createLocalMesh } from "./transport/local-mesh.js";
export type { Mesh } from "./transport/mesh.js";
export {
  createMemoryTokens,
  type MemoryTokens,
  type TokenTerms,
} from "./transport/security/memory-tokens.js";
export type { NameKey } from "./transport/security/name-key.js";
export type { TokenAuthority, TokenRecord, TokenState } from "./transport/security/token-authority.js";
export type { Token, Verifier } from "./transport/security/token.js";
export {
  createToken,
  listTokens,
  openTokenDirectory,
  pruneTokens,
  revokeToken,
  type NewToken,
  type TokenReport,
} from "./transport/security/token-directory.js";

// ── Nodes and sources ───────────────────────────────────────────────────────────────────────────────────────────────

export { SLUICE_ERROR_CODES, SluiceError, type SluiceErrorCode } from "./task/errors.js";
export { startNode, type SluiceNode } from "./node/node.js";
export type { ListenAddress, NodeLimits, NodeOptions, PlacementLimits } from "./node/node-options.js";
export type { FetchOptions } from "./node/models/fetched-models.js";
export type { ControllerLimits } from "./actors/controller/spawn.js";
export type { DeliveryLimits } from "./actors/generator/spawn.js";
export type { ProcessorLimits } from "./actors/processor/spawn.js";
export type { DrainOptions } from "./node/drain.js";
export type { NodeSources, SourceOptions } from "./node/sources.js";
export { startLocalCluster, type LocalCluster, type LocalClusterOptions } from "./node/local-cluster.js";
export {
  parseSource,
  type Credentials,
  type NetworkAddress,
  type SourceSpec,
  type TestPattern,
} from "./actors/generator/source-spec.js";
export {
  DEFAULT_SOURCE_POLICY,
  type SourceKind,
  type SourcePolicy,
} from "./actors/generator/source-policy.js";
export type { NodeEvent, SourceEvent } from "./actors/protocol/generator.js";
export type { SchedulerEvent } from "./actors/protocol/scheduler.js";
export type { FlowCounts, LedgerReported, LinkSample, ResourceSample, SourceTotals } from "./task/reports.js";
export type { SourcePosition } from "./task/position.js";
export {
  DEFAULT_CONFIGURATION,
  FRAME_ENCODINGS,
  parseConfiguration,
  type Configuration,
  type FrameEncoding,
} from "./task/configuration.js";
export {
  parseNodeName,
  parseSourceId,
  pipelineKeyText,
  type PipelineId,
  type SourceId,
  type StageId,
  type StageKey,
  type TaskId,
} from "./task/identity.js";
export { parsePipelineFile, type PipelineFile } from "./task/pipeline-file.js";
export { definePipeline, type PipelineDefinition, type StageDefinition } from "./task/define-pipeline.js";
export {
  QUEUE_POLICIES,
  type Pipeline,
  type QueuePolicy,
  type Stage,
  type Variant,
} from "./task/pipeline.js";
export type { Deployment, RoutingTable, SourceRoute } from "./task/routing-table.js";
export {
  DROP_REASONS,
  END,
  type Closing,
  type ClosingCounts,
  type Cursor,
  type DropReason,
  type FrameRange,
  type OutageTimes,
  type Hop,
  type Outcome,
  type Pin,
  type Task,
  type Vouched,
} from "./task/task.js";
export type { Frame, Payload } from "./task/payload.js";
export type { Vouch } from "./task/voucher.js";

// ── Operating a cluster: over the network, or from one of its own nodes ─────────────────────────────────────────────

export { connectOperator, type Operator, type OperatorOptions } from "./operator/operator.js";
export type { OnSilent } from "./operator/cluster-audit.js";
export { createControl, type Control, type ObservedRun } from "./operator/control.js";
export { createAgentClient, type AgentClient } from "./operator/agent-client.js";
export type { LatencySummary, RunSummary, StageSummary } from "./operator/run-statistics.js";
export type { ProbeOptions } from "./operator/probe.js";
export type { ProbedStage, ProbedTasks, ProbeLatency, ProbeReport } from "./operator/probe-report.js";
export type { ProbeEnd, ProbeOrder } from "./actors/protocol/synthetic.js";
export type { FoundKind, Moment } from "./operator/found.js";
export type {
  ActorsReported,
  PipelineReported,
  ServiceOffer,
  SourcesReported,
} from "./actors/protocol/agent.js";
export type { ActorFigures, ActorStatus, ActorTree } from "./runtime/actor-figures.js";
export type { KeptLetter } from "./runtime/kept-letters.js";
export type { SubscriptionEvent, TotalsReported } from "./actors/protocol/distributor.js";
export type {
  ChangesReported,
  DecisionOverhead,
  NodesReported,
  ScheduledSources,
  TableReported,
} from "./actors/protocol/scheduler.js";
export type { LivePolicy, Pause, PipelineText, PlanPause, SourceRequest } from "./task/requests.js";
export type { SourceFigures, SourceReport } from "./task/reports.js";
export {
  HOST_CHOICES,
  type HostChange,
  type HostChoice,
  type Hosting,
  type HostingReport,
  type Takeover,
} from "./task/hosting.js";

// ── Results ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export { exportRecords, type ExportStatement } from "./storage/results/export.js";
export { iterateRecords, openStoreForReading, recordsByPosition } from "./storage/results/read-store.js";
export { openStore } from "./storage/results/open-store.js";
export type { HubState, StateChange, StateEntry, StateKind, StateRange } from "./storage/hub/hub-state.js";
export type { LevelStoreOptions } from "./storage/results/level-load.js";
export type { Repair } from "./task/reports.js";
export type { FlushOptions } from "./actors/distributor/spawn.js";
export type { RetentionOptions } from "./actors/protocol/distributor.js";
export type {
  Appended,
  NewRecord,
  RecordPage,
  RetentionStep,
  Slice as RecordSlice,
  SliceRequest,
  Store,
} from "./storage/results/store.js";
export type { SequenceRanges } from "./storage/results/sequence-ranges.js";
export type { ExpiredIncarnation, IncarnationTail, NewestTask } from "./storage/results/incarnation-tail.js";
export type { ResultQuery, StoredClosing, StoredGap, StoredRecord, StoredResult } from "./task/record.js";
export type { ExpiredTasks, ExportTrailer, StoreStatement } from "./task/record-chain.js";

// ── The proof that a run adds up ────────────────────────────────────────────────────────────────────────────────────

export { auditRun, type AuditInput, type AuditReport } from "./audit/audit.js";
export type { AuditLedger, IncarnationAudit } from "./audit/account.js";
export { taskText, type Finding } from "./audit/findings.js";
export type { ExportedFile, RecordsOrigin, Stated } from "./audit/origin.js";
export type { AuditRuleCode } from "./audit/rules.js";
export { auditLedgersOf, windowsOf } from "./audit/ledgers.js";
export { parseRecord, type ParsedRecord } from "./audit/parse-record.js";
export type { Drops } from "./task/ledger.js";

// ── What a hub answers over HTTP ───────────────────────────────────────────────────────────────────────────────────

export type { TokenKeeper } from "./web/token-routes.js";
export { createWeb, type Web, type WebHub, type WebOptions } from "./web/web.js";
export type { HubEvent } from "./web/page-protocol.js";
export type { AlarmEvent, AlarmReport, SinkEvent, SinkReport } from "./task/hub-events.js";

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
  Position as CapturePosition,
} from "./actors/generator/capture.js";
export { allocateShared } from "./runtime/shared-memory.js";

// ── Policies of one's own: a pure function from what is known to a plan ─────────────────────────────────────────────

export type {
  Explanation,
  NodeDescription,
  PolicyParameter,
  PolicySpec,
  ShadowSpec,
  SourceDescription,
} from "./task/requests.js";
export type { ModelInUse } from "./task/model-in-use.js";
export type { ModelFile, NodeCapacity, StageFailure } from "./task/offers.js";
export type { PlanChange, PlanScore, ShadowReport, TaskOutcome } from "./task/reports.js";
export type { Percentiles, RecentOutcomes } from "./scheduling/outcome-window.js";
export {
  linkBetween,
  offering,
  seededRandom,
  serviceTime,
  spareMbps,
  stageQueue,
} from "./scheduling/view-queries.js";
export type { Scene } from "./task/scene.js";
export type { ConfigurationSpace, Objective } from "./task/configuration-space.js";
export type { MotionGate, Region } from "./task/motion-gate.js";
export type { NativeVideo } from "./task/native-video.js";
export type { ChangeLimits } from "./storage/hub/plan-changes.js";
export type { MoveLimits } from "./scheduling/move-budget.js";
export type { DecisionLimits, FailureKind } from "./scheduling/ask-policy.js";
export type { FenceReport } from "./scheduling/fences.js";
export { createStatelessPolicy } from "./scheduling/policies/stateless.js";
export {
  bindPolicy,
  type BoundPolicy,
  type Decide,
  type DecideAll,
  type Decision,
  type JointPolicy,
  type LinkView,
  type Load,
  type Need,
  type NodeView,
  type Plan,
  type Policy,
  type PolicyRun,
  type PolicyScope,
  type PolicyView,
  type ServiceTime,
  type SinglePolicy,
  type SourceView,
  type StageQueue,
  type Turn,
} from "./scheduling/policy.js";
