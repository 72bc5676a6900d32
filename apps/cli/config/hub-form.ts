/** Everything that a hub's configuration file may say, in the order in which it is printed. */

import { DEFAULT_LIMITS as CONTROLLER } from "../../../src/actors/controller/state.js";
import { FLUSH } from "../../../src/actors/distributor/state.js";
import { DEFAULT_DELIVERY } from "../../../src/actors/generator/delivery/redelivery.js";
import { DEFAULT_SOURCE_POLICY, SOURCE_KINDS } from "../../../src/actors/generator/source-policy.js";
import { DEFAULT_DECISION_MS } from "../../../src/actors/scheduler/spawn.js";
import { DEFAULT_SAMPLE_MS } from "../../../src/actors/monitor/spawn.js";
import { DEFAULT_PROCESSOR_LIMITS } from "../../../src/actors/processor/processor-limits.js";
import { alarmHooksForm, rulesForm } from "../../../src/sinks/alarms/alarm-settings.js";
import { sinksForm } from "../../../src/sinks/sink-settings.js";
import { z } from "../../../src/runtime/parse.js";
import { MOVE_LIMITS } from "../../../src/scheduling/move-budget.js";
import { DECISION_LIMITS } from "../../../src/scheduling/ask-policy.js";
import { CHANGE_LIMITS } from "../../../src/storage/hub/plan-changes.js";
import { NAME } from "../../../src/task/limits.js";
import { DEFAULT_LINK_LIMITS } from "../../../src/transport/link/link-limits.js";
import { HUB_DEFAULTS } from "../hub-defaults.js";
import {
  bytes,
  count,
  duration,
  durationForm,
  live,
  nonEmpty,
  positiveBytes,
  positiveCount,
  positiveDuration,
  section,
  setting,
  type ValuesOf,
} from "./setting.js";
import { sourcesForm } from "./source-form.js";

const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
const name = z.string("wanted a name").regex(NAME, "wanted letters, digits, -, _ and .: no more than 64");
const texts = z.array(nonEmpty, "wanted a list of texts");
const files = z.array(nonEmpty, "wanted a list of files");
/** That the limits of a node share with nobody: how each is printed is said by its default. */
const { backoff } = DEFAULT_PROCESSOR_LIMITS;

export const HUB_FILE = {
  name: setting(name, { fallback: HUB_DEFAULTS.name }, "name of this node"),
  cluster: setting(nonEmpty, { fallback: HUB_DEFAULTS.cluster }, "name of the cluster"),
  listen: setting(
    nonEmpty,
    { fallback: HUB_DEFAULTS.listen },
    "HOST:PORT that nodes join at; wss://HOST:PORT needs tls",
  ),
  tls: section("certificate of wss://", {
    certificate: setting(nonEmpty, { example: "hub.crt" }, "file with the certificate (PEM)"),
    key: setting(nonEmpty, { example: "hub.key" }, "file with its private key (PEM)"),
  }),
  store: setting(nonEmpty, { fallback: HUB_DEFAULTS.store }, "folder for the results, or memory:"),
  journal: setting(
    nonEmpty,
    { example: ".sluice/store.journal" },
    "folder for unfinished tasks, or memory:; without it STORE.journal",
  ),
  models: setting(nonEmpty, { example: "models" }, "folder with the ONNX models that pipelines use"),
  logLevel: setting(
    z.enum(LOG_LEVELS),
    { fallback: HUB_DEFAULTS.logLevel },
    `minimum severity of log records: ${LOG_LEVELS.join(", ")}`,
  ),
  tokenTtl: duration(HUB_DEFAULTS.tokenTtlMs, "how long the printed token admits new nodes"),
  retention: section("how much of the store is kept; without any of these, all", {
    age: live(setting(positiveDuration, { example: "30d" }, "delete results that are older")),
    records: live(
      setting(positiveCount, { example: "1000000" }, "keep at most so many of the newest results"),
    ),
    bytes: live(
      setting(
        positiveBytes,
        { example: "10GiB" },
        "keep at most so much of the newest results, without indexes",
      ),
    ),
  }),
  intervals: section("how often what is always done is done", {
    decision: duration(DEFAULT_DECISION_MS, "between decisions of the scheduler"),
    sample: duration(DEFAULT_SAMPLE_MS, "between samples of this node's resources"),
  }),
  services: setting(
    files,
    { example: "[my-services.mjs]" },
    "ES modules that export services, a list of AI services of your own; nodes need them, too",
  ),
  policies: section("who decides where stages run, and how sources are captured", {
    files: setting(
      files,
      { example: "[my-policies.mjs]" },
      "ES modules that export policies, a list of your own",
    ),
    decision: duration(DECISION_LIMITS.decisionMs, "that a decision may take"),
    stateBytes: bytes(DECISION_LIMITS.stateBytes, "that a policy may remember of a source"),
    moves: count(MOVE_LIMITS.perSource, "changes of placement of a source a minute"),
    movesInAll: count(MOVE_LIMITS.inAll, "changes of placement of all sources a minute"),
    changes: count(CHANGE_LIMITS.countMax, "changes of the plan of a source that are kept"),
    changesAge: duration(CHANGE_LIMITS.ageMsMax, "for how long they are kept"),
  }),
  operators: section("what operators may have this node open", {
    folders: setting(texts, { fallback: "[]" }, "folders below which they may name files"),
    hosts: setting(texts, { example: '["*.cameras.example"]' }, "hosts that they may name; without it, any"),
    kinds: setting(
      z.array(z.enum(SOURCE_KINDS)),
      { fallback: `[${DEFAULT_SOURCE_POLICY.kinds.join(", ")}]` },
      `kinds of sources: ${SOURCE_KINDS.join(", ")}`,
    ),
  }),
  results: section("how results are gathered into durable writes", {
    period: duration(
      FLUSH.periodMs,
      "between two writes at least; 0ms writes as soon as the one before has ended",
    ),
    records: count(FLUSH.recordsMax, "records in one write, and to start one at once"),
    bytes: bytes(FLUSH.bytesMax, "in one write, and to start one at once"),
    waitingRecords: count(FLUSH.pendingRecordsMax, "records that wait at most"),
    waitingBytes: bytes(FLUSH.pendingBytesMax, "that wait at most"),
  }),
  delivery: section("when a task of a source of this node is delivered again", {
    timeout: duration(DEFAULT_DELIVERY.timeoutMs, "without an answer until it is"),
    timeoutMax: duration(DEFAULT_DELIVERY.timeoutMsMax, "up to which that doubles"),
    attempts: count(DEFAULT_DELIVERY.deliveriesMax, "deliveries before it is dropped"),
    leftGrace: duration(DEFAULT_DELIVERY.leftGraceMs, "for a node that left to have settled what it had"),
    rate: count(DEFAULT_DELIVERY.rate.perSecond, "redeliveries of a source a second"),
    burst: count(DEFAULT_DELIVERY.rate.burst, "redeliveries of a source at once"),
  }),
  tasks: section("how many tasks wait on this node", {
    stage: count(CONTROLLER.stageTasksMax, "of one stage, waiting or in flight"),
    joins: count(CONTROLLER.joinTasksMax, "at joins"),
    parked: count(CONTROLLER.parkTasksMax, "for the table that has their pipeline"),
    park: duration(CONTROLLER.parkMs, "that they wait for it"),
    bytes: bytes(CONTROLLER.waitingBytesMax, "that tasks of other nodes hold while they wait"),
    hold: duration(CONTROLLER.stageHoldMs, "that a stage stays loaded which no table places here any more"),
    tick: duration(CONTROLLER.tickMs, "between looks for what is overdue"),
  }),
  workers: section("threads that run services on this node", {
    replicas: setting(
      z.union([z.literal("auto"), positiveCount], 'wanted "auto" or a whole number above 0'),
      { fallback: "auto" },
      "of a stage without state, at most; auto: as many as there are cores",
    ),
    total: count(DEFAULT_PROCESSOR_LIMITS.workersMax, "of all stages together"),
    stages: setting(
      positiveCount,
      { example: "8" },
      "stages that policies may place on this node; without it, any number",
    ),
    memory: setting(
      positiveBytes,
      { example: "4GiB" },
      "that those stages may take together; without it, any amount",
    ),
    gap: duration(DEFAULT_PROCESSOR_LIMITS.gapTimeoutMs, "that a stateful stage waits for a missing task"),
    execute: duration(
      DEFAULT_PROCESSOR_LIMITS.executeTimeoutMs,
      "that a task may run before its worker is given up",
    ),
    load: duration(DEFAULT_PROCESSOR_LIMITS.loadTimeoutMs, "that a service may load"),
    loadAttempts: count(DEFAULT_PROCESSOR_LIMITS.loadAttempts, "loads in a row that may fail"),
    poisonAttempts: count(DEFAULT_PROCESSOR_LIMITS.poisonAttempts, "workers that a task may take with it"),
    sources: count(DEFAULT_PROCESSOR_LIMITS.sourcesMax, "whose order a stateful stage remembers"),
    backoff: duration(backoff.minMs, "before a lost worker is replaced; doubles"),
    backoffMax: duration(backoff.maxMs, "up to this"),
  }),
  links: section("connections between this node and others", {
    memory: setting(
      positiveBytes,
      { example: "320MiB" },
      "that all links hold together; without it an eighth of the machine's, 256MiB to 320MiB",
    ),
    window: bytes(DEFAULT_LINK_LIMITS.windowBytes, "of data that the other side may have in flight"),
    chunk: bytes(DEFAULT_LINK_LIMITS.chunkBytes, "of a large message at a time"),
    inline: bytes(DEFAULT_LINK_LIMITS.inlineBytes, "of a message that goes whole"),
    queue: bytes(DEFAULT_LINK_LIMITS.queueBytes, "that wait for credit"),
    control: bytes(DEFAULT_LINK_LIMITS.controlBytes, "of control messages that the socket has not taken"),
    message: bytes(DEFAULT_LINK_LIMITS.messageBytes, "of one message with its frames"),
    assemblies: count(DEFAULT_LINK_LIMITS.assemblies, "large messages received at the same time"),
    assembly: duration(DEFAULT_LINK_LIMITS.assemblyMs, "for the next part of a large message"),
    socket: bytes(DEFAULT_LINK_LIMITS.socketBytes, "of data that the socket has not taken"),
    stuck: duration(DEFAULT_LINK_LIMITS.stuckMs, "that a socket may take nothing"),
    drain: duration(DEFAULT_LINK_LIMITS.drainMs, "in which what waits has to be gone where memory is short"),
    controlRate: count(
      DEFAULT_LINK_LIMITS.controlRate.perSecond,
      "records besides data that the other side may send a second",
    ),
    controlBurst: count(DEFAULT_LINK_LIMITS.controlRate.burst, "of them at once"),
    heartbeat: duration(DEFAULT_LINK_LIMITS.heartbeatMs, "between heartbeats"),
    silence: duration(DEFAULT_LINK_LIMITS.silenceMs, "after which the other side is down"),
  }),
  sources: live(
    setting(
      sourcesForm,
      {
        example: `
  - id: gate # its name
    source: rtsp://camera.example/stream # FILE, rtsp://..., http(s)://..., /dev/videoN or test:
    pipeline: pipeline.yaml # file of the pipeline
    on: cloud # node that runs it; default: this one
    policy: { name: cloud-only, parameters: {} } # default: the pipeline's
    configuration: { fps: 5 } # over the pipeline's
    realtime: false # a file at its own speed
    limit: 100 # tasks before it ends; default: all
    window: { tasks: 16, bytes: 256MiB } # under way at most
    live: dropNewest # or dropOldest: what a live source drops that finds the window full`,
      },
      "sources that run as long as the file names them",
    ),
  ),
  sinks: live(
    setting(
      sinksForm({ duration: durationForm, bytes: positiveBytes }),
      {
        example: `
  - name: archive
    type: file # lines of JSON
    path: results.ndjson
    rotate: 64MiB # size at which it is put aside as results.ndjson.1
    keep: 8 # files that are kept besides
  - name: alerts
    type: webhook # CloudEvents 1.0
    url: https://example.com/sluice
    secret: { env: SLUICE_HOOK_SECRET } # signs each request; or { file: PATH }
    timeout: 10s
    sources: [gate] # default: all
    records: [result, gap, closed]
    from: now # or beginning: where it begins at its first start
    batch: 100 # records at once
    linger: 1s # that a record waits for others
  - name: home
    type: mqtt
    url: mqtts://broker.example:8883
    user: sluice
    password: { file: mqtt.password }
    profile: frigate/events # or onvif-mj
    prefix: frigate # first part of the topic
  - name: spans
    type: traces # of OpenTelemetry, by OTLP/HTTP: see docs/traces.md
    url: http://collector.example:4318/v1/traces
    sample: 0.05 # share of tasks; those that are dropped or slow are always kept
    slow: 1s # source timestamp to stored
    headers: { authorization: { env: SLUICE_OTLP_AUTHORIZATION } } # or a text, or { file: PATH }`,
      },
      "where results are sent as they are stored: see docs/sinks.md",
    ),
  ),
  alarms: section(
    "what is told as an alarm: on the output, on the page and to webhooks; see docs/alarms.md",
    {
      rules: live(
        setting(
          rulesForm({ duration: durationForm, bytes: positiveBytes }),
          {
            example: `
  - name: slow
    when: latency # source timestamp to stored
    above: 500ms
    percentile: 95
    window: 60s # of the newest tasks
    for: 10s # that it is so before it is raised
    clear: 30s # that it is not before it is resolved
    sources: [gate] # default: all
  - { name: dropping, when: drops, above: 0.05, window: 60s } # share of tasks
  - { name: silent, when: stale, after: 30s } # without a result
  - { name: gone, when: nodeGone, for: 5s }
  - { name: full, when: diskLow, below: 5GiB } # free where the store is
  - { name: proof, when: auditFailed, every: 1h }`,
          },
          "rules",
        ),
      ),
      webhooks: live(
        setting(
          alarmHooksForm(),
          { example: "[{ url: https://example.com/alarms, secret: { env: SLUICE_ALARM_SECRET } }]" },
          "that are told, as CloudEvents 1.0",
        ),
      ),
    },
  ),
} as const;

export type HubFile = ValuesOf<typeof HUB_FILE>;
