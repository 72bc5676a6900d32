/** An honest node in a process of its own: a hub, or an edge with its source. It tells its parent how it is. */

import { fileURLToPath } from "node:url";
import type { Clock, Logger, NodeOptions, SluiceNode } from "sluice";
import type { ControllerMessage, QueuesReported } from "../../../src/actors/protocol/controller.js";
import type { DistributorMessage, TotalsReported } from "../../../src/actors/protocol/distributor.js";
import { createWeb } from "../../../src/web/web.js";
import { parsePipelineId } from "../../../src/task/identity.js";
import { scriptedSource } from "../../support/scripted-source.js";
import { FRAME_MS, JOIN_TASKS_MAX } from "../kit/honest.js";
import { PIPELINE, SERVICES } from "../kit/honest-pipeline.js";
import type { HonestOptions, HonestReport } from "../kit/honest-node.js";

/** What a user installs; a hub with a page is of what that is made of, as the command line is. */
const {
  createToken,
  openStore,
  openTokenDirectory,
  parseConfiguration,
  parseSourceId,
  startNode,
  systemClock,
} = (process.env["SLUICE_ADVERSARY_NODE"] ?? "").includes('"web":true')
  ? await import("../../../src/index.js")
  : await import("sluice");
/** For a component to say how it is, on a machine that is short of breath, in ms. */
const REPORT_MS = 30_000;
/** As it was compiled. */
const PAGE = fileURLToPath(new URL("../../../apps/page/", import.meta.url));
const options = JSON.parse(process.env["SLUICE_ADVERSARY_NODE"] ?? "{}") as HonestOptions;
const tell = (fields: object): void => void process.send?.(fields);

/** What was logged of actors that failed, newest last. */
const failures: string[] = [];
const logger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (message, details) => note(message, details),
  error: (message, details) => note(message, details),
  isEnabled: (level) => level === "warn" || level === "error",
  child: () => logger,
};

function note(message: string, details: Readonly<Record<string, unknown>> = {}): void {
  if (!message.startsWith("Actor failed")) return;
  failures.push(`${String(details["actor"])}: ${String(details["error"])}`);
  if (failures.length > 100) failures.shift();
}

/** The machine's, so many ms off. */
function clockOff(ms: number): Clock {
  return {
    now: () => systemClock.now() + ms,
    monotonic: () => systemClock.monotonic(),
    epochMs: () => systemClock.epochMs() + ms,
    after: (delayMs, run) => systemClock.after(delayMs, run),
  };
}

async function start(): Promise<SluiceNode> {
  const { name, store, tokens, join, token, listen, source, clockOffMs, journal } = options;
  const common: NodeOptions = {
    name,
    services: SERVICES,
    log: logger,
    onFailure(error) {
      tell({ type: "failed", message: error.message });
      process.exit(70);
    },
    onCluster(event) {
      if (event.type === "refused") tell({ type: "refused", message: event.error.message });
      else if (event.type === "cutOff" || event.type === "joined") tell({ type: event.type });
    },
    ...(listen !== undefined && { listen }),
    ...(journal !== undefined && { journal }),
    ...(clockOffMs !== undefined && { clock: clockOff(clockOffMs) }),
  };
  if (join !== undefined) {
    const node = await startNode({ ...common, join, ...(token !== undefined && { token }) });
    if (source !== undefined) {
      const { source: spec, capture } = scriptedSource({ liveEveryMs: FRAME_MS });
      await node.addSource({
        id: parseSourceId(source.id),
        source: spec,
        capture,
        pipeline:
          source.deadlineMs === undefined
            ? PIPELINE
            : {
                ...PIPELINE,
                id: parsePipelineId(`${PIPELINE.id}-of-${name}`),
                deadlineMs: source.deadlineMs,
              },
        configuration: parseConfiguration({ width: 16, height: 16, framesPerTask: 1 }),
        policy: { name: source.policy, parameters: {} },
      });
    }
    return node;
  }
  const folder = tokens ?? "";
  const made = async (roles: readonly ("edge" | "operator" | "viewer")[]): Promise<string> => {
    const terms = { roles, grants: [], use: "multiple", label: null, ttlMs: 3_600_000 } as const;
    return (await createToken(folder, terms, Date.now())).token;
  };
  const [edge, operator, viewer] = [await made(["edge"]), await made(["operator"]), await made(["viewer"])];
  const directory = openTokenDirectory(folder);
  const web =
    options.web === true
      ? createWeb({ tokens: directory, page: PAGE, clock: systemClock, log: logger })
      : null;
  const node = await startNode({
    ...common,
    // An attack that fills its joins need send so many fewer.
    limits: { controller: { joinTasksMax: JOIN_TASKS_MAX } },
    ...(web !== null && {
      listen: { url: listen ?? "", http: web.http },
      onEvent: web.onEvent,
      onSchedule: web.onEvent,
      onOutcome: web.onOutcome,
    }),
    store: await openStore(store ?? "memory:"),
    tokens: directory,
  });
  const { cluster, system } = node;
  if (cluster !== null) await web?.open({ system, cluster, storeFailure: () => null });
  tell({ type: "tokens", edge, operator, viewer, code: web?.newCode() ?? null });
  return node;
}

async function reportOf(node: SluiceNode): Promise<HonestReport> {
  const { system, cluster } = node;
  const queues = await system.ask<ControllerMessage, QueuesReported>(
    system.resolve(`sluice://${node.name}/controller`),
    (replyTo) => ({ type: "reportQueues", replyTo }),
    { timeoutMs: REPORT_MS },
  );
  return {
    type: "report",
    security: cluster?.security ?? {},
    deadLetters: { ...system.deadLetters.countByReason },
    dropped: queues.counts.dropped,
    store: options.join === undefined ? await storeCounts(node) : {},
    failures: [...failures],
    members: [...(cluster?.members.keys() ?? [])],
  };
}

/** What its distributor has refused. */
async function storeCounts({ system, name }: SluiceNode): Promise<HonestReport["store"]> {
  const { unvouched, contradictions, refused } = await system.ask<DistributorMessage, TotalsReported>(
    system.resolve(`sluice://${name}/distributor`),
    (replyTo) => ({ type: "reportTotals", replyTo }),
    { timeoutMs: REPORT_MS },
  );
  return { unvouched, contradictions, "store-full": refused };
}

try {
  const node = await start();
  tell({ type: "up", url: node.cluster?.url });
  process.on("message", (message) => {
    const { type } = message as { readonly type: string };
    if (type === "leave") {
      void node.terminate().then(() => process.exit(0));
      return;
    }
    // Of one that does not answer in time whoever asks makes what they will.
    void reportOf(node).then(tell, () => {});
  });
  // Whoever started it is gone.
  process.on("disconnect", () => process.exit(0));
} catch (error) {
  tell({ type: "failed", message: error instanceof Error ? error.message : "unknown" });
  process.exit(71);
}
