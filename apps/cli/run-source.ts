/** `sluice run`: a source on a node of the cluster, followed until it ends. */

import { readFile } from "node:fs/promises";
import { SluiceError } from "../../src/task/errors.js";
import { nodesOf } from "../../src/operator/nodes-of.js";
import type { Operator } from "../../src/operator/operator.js";
import type { SourceRequest } from "../../src/task/requests.js";
import { loadServices } from "../../src/services/load-services.js";
import type { HostChoice, Hosting } from "../../src/task/hosting.js";
import { parseNodeName, parseSourceId, type NodeName, type SourceId } from "../../src/task/identity.js";
import { suggestName } from "../../src/task/nearest-name.js";
import { runHosted } from "./run-hosted.js";
import { configurationGiven, nameSources, readPipeline, type ConfigurationFlags } from "../start/inputs.js";
import { resultsCommand } from "../found-text.js";
import { awayOf, sayHubAway, sayNodeAway } from "./away.js";
import { readPolicy, type PolicyFlags } from "../parameters.js";
import { onSignal } from "../program.js";
import { ShownSource } from "./shown-source.js";
import { out } from "../terminal.js";
import { sayEnd, type StatedRun } from "./run-end.js";
import { watchStages } from "./watch-stages.js";

export interface RunCommand extends ConfigurationFlags, PolicyFlags {
  readonly pipeline: string;
  readonly source: string;
  /** A node, several of them with commas between, or `any`. */
  readonly on: string;
  /** Which of several. */
  readonly choose: HostChoice;
  readonly id?: string;
  /** Modules with services of one's own. */
  readonly services?: readonly string[];
  readonly realtime: boolean;
  readonly limit: number | null;
  readonly detach: boolean;
  readonly store: string;
  readonly hub?: string;
}

const PROGRESS_PERIOD_MS = 500;
/** How often a node that is back is asked whether it goes on with the source, and after how many ms again. */
const RESUME_TRIES = 20;
const RESUME_PERIOD_MS = 500;

/** @returns the exit code: 0 once the source has ended well, 1 where it or a task failed, all was dropped or its node is gone */
export async function runSource(operator: Operator, command: RunCommand): Promise<number> {
  // A mistake in the file is reported here, with its own name and line.
  await readPipeline(command.pipeline, await loadServices(command.services ?? []));
  const names = namesIn(command.on);
  const request = await requestOf(command);
  if (request.policy !== null) await checkPolicy(operator, request.policy.name);
  const stated = { operator, request, hint: hintOf(command) };
  if (names === "any" || names.length > 1) {
    const candidates = names === "any" ? names : names.map(parseNodeName);
    if (candidates !== "any" && !candidates.some((name) => operator.cluster.members.has(name)))
      memberNamed(operator, command.on);
    const hosting: Hosting = { candidates, choice: command.choose };
    return await runHosted({ ...stated, hosting, detach: command.detach });
  }
  return await runOn(memberNamed(operator, command.on), command, stated);
}

/** `edge-1`, `edge-1,edge-2` or `any`. */
function namesIn(on: string): readonly string[] | "any" {
  if (on === "any") return on;
  return [...new Set(on.split(",").map((name) => name.trim()))].filter((name) => name !== "");
}

async function runOn(
  node: NodeName,
  { detach }: RunCommand,
  { operator, request, hint }: StatedRun,
): Promise<number> {
  const agent = operator.agent(node);
  const shown = new ShownSource(operator, request.id);
  agent.watchEvents((event) => shown.add(event));
  const stages = watchStages(operator, (line) => shown.warn(line));
  await agent.addSource(request);
  if (detach) {
    out.lines(`${request.id} runs on ${node}\n${hint}`);
    return 0;
  }
  const id = parseSourceId(request.id);
  waitForBoth(operator, node, id, shown);
  onSignal(() => {
    shown.say(`Stopping ${id}: waiting for tasks in progress. Press Ctrl-C again to leave it running`);
    void agent.drainSource(id).catch(() => {});
  });
  const timer = setInterval(() => {
    void agent.sources().then(
      ({ ledgers }) => shown.update(ledgers.find(({ sourceId }) => sourceId === id)),
      () => {},
    );
  }, PROGRESS_PERIOD_MS);
  const end = await shown.ended;
  clearInterval(timer);
  shown.close();
  return await sayEnd({ operator, id, hint }, end, stages);
}

function hintOf(command: RunCommand): string {
  const source = sourceIdOf(command);
  return `See its results with: ${resultsCommand({ ...command, source })}`;
}

function sourceIdOf({ id, source }: RunCommand): SourceId {
  const [named] = nameSources([source]);
  return parseSourceId(id ?? named?.id ?? "source");
}

/** @throws SluiceError `source-invalid` where the cluster has no such node */
function memberNamed(operator: Operator, name: string): NodeName {
  const node = parseNodeName(name);
  if (operator.cluster.members.has(node)) return node;
  const names = nodesOf(operator);
  throw new SluiceError(
    `Cannot run on "${name}" as no node of the cluster has that name${suggestName(name, names)}: its nodes are ${names.join(", ")}`,
    { code: "source-invalid" },
  );
}

/** @throws SluiceError `policy-invalid` where neither this program nor the hub has a policy of that name */
async function checkPolicy(operator: Operator, name: string): Promise<void> {
  const names = await operator.policies();
  if (names.includes(name)) return;
  throw new SluiceError(
    `Cannot run by the policy "${name}" as the hub has none of that name${suggestName(name, names)}: it has ${names.join(", ")}`,
    { code: "policy-invalid" },
  );
}

/** @throws UsageError where a parameter cannot be read, or stands without a policy */
async function requestOf(command: RunCommand): Promise<SourceRequest> {
  const { pipeline, source, limit, realtime } = command;
  return {
    id: sourceIdOf(command),
    source,
    pipeline: await readFile(pipeline, "utf8"),
    pipelineName: pipeline,
    configuration: configurationGiven(command),
    policy: readPolicy(command),
    paced: realtime,
    limit,
  };
}

/** Waits for a hub or a node that is away, and fails where it does not come back, or without the source. */
function waitForBoth(operator: Operator, node: NodeName, id: SourceId, shown: ShownSource): void {
  const options = awayOf(shown);
  sayHubAway(operator, options);
  sayNodeAway(operator, node, { ...options, back: () => goesOn(operator, node, id, shown) });
}

/** A node that has started anew goes on with its sources one after the other. */
async function goesOn(
  operator: Operator,
  node: NodeName,
  id: SourceId,
  shown: ShownSource,
): Promise<boolean> {
  for (let left = RESUME_TRIES; left > 0 && !shown.isOver; left--) {
    try {
      const { ledgers } = await operator.agent(node).sources();
      if (ledgers.some(({ sourceId }) => sourceId === id)) return true;
    } catch {
      // It is away again, or not there yet.
    }
    await new Promise<void>((resolve) => void operator.system.clock.after(RESUME_PERIOD_MS, resolve));
  }
  return shown.isOver;
}
