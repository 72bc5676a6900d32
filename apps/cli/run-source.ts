/** `sluice run`: a source on a node of the cluster, followed until it ends. */

import { describeFailures, describeTotalLoss } from "../../src/task/ledger.js";
import { readFile } from "node:fs/promises";
import { SluiceError } from "../../src/task/errors.js";
import { nodesOf } from "../../src/operator/nodes-of.js";
import type { Operator } from "../../src/operator/operator.js";
import type { LedgerReported } from "../../src/task/reports.js";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import type { SourceRequest } from "../../src/task/requests.js";
import { loadServices } from "../../src/services/load-services.js";
import { parseNodeName, parseSourceId, type NodeName } from "../../src/task/identity.js";
import { suggestName } from "../../src/task/nearest-name.js";
import { createLiveLines } from "../live-lines.js";
import { configurationGiven, nameSources, readPipeline, type ConfigurationFlags } from "../start/inputs.js";
import { foundTable, resultsCommand } from "../found-text.js";
import { describeNode } from "./describe.js";
import { foundOfRun } from "./found-of-run.js";
import { readPolicy, type PolicyFlags } from "../parameters.js";
import { SourceLine } from "./source-line.js";
import { onSignal } from "../program.js";
import { createProcessSayer } from "../repeats.js";
import { shortened, terminalWidth } from "../tables.js";
import { err, out } from "../terminal.js";
import { watchStages } from "./watch-stages.js";

export interface RunCommand extends ConfigurationFlags, PolicyFlags {
  readonly pipeline: string;
  readonly source: string;
  readonly on: string;
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

/** @returns the exit code: 0 once the source has ended well, 1 where it or a task failed, all was dropped or its node is gone */
export async function runSource(operator: Operator, command: RunCommand): Promise<number> {
  // A mistake in the file is reported here, with its own name and line.
  await readPipeline(command.pipeline, await loadServices(command.services ?? []));
  const node = memberNamed(operator, command.on);
  const request = await requestOf(command);
  if (request.policy !== null) await checkPolicy(operator, request.policy.name);
  const agent = operator.agent(node);
  const shown = new ShownSource(operator, request.id);
  const hint = `See its results with: ${resultsCommand({ ...command, source: request.id })}`;
  agent.watchEvents((event) => shown.add(event));
  const stages = watchStages(operator, (line) => shown.warn(line));
  failWithNode(operator, node, shown);
  await agent.addSource(request);
  if (command.detach) {
    out.lines(`${request.id} runs on ${node}\n${hint}`);
    return 0;
  }
  const id = parseSourceId(request.id);
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
  const { problem, ledger } = await shown.ended;
  clearInterval(timer);
  shown.close();
  if (ledger !== null && ledger.stored > 0) {
    out.lines(`${foundTable(await foundOfRun(operator, id, ledger.incarnation))}\n${hint}`);
  }
  if (problem === null) return 0;
  err.line(`error: ${problem}`);
  if (ledger !== null) for (const line of await stages.unsaid().catch(() => [])) err.line(line);
  return 1;
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
  const [named] = nameSources([source]);
  return {
    id: parseSourceId(command.id ?? named?.id ?? "source"),
    source,
    pipeline: await readFile(pipeline, "utf8"),
    pipelineName: pipeline,
    configuration: configurationGiven(command),
    policy: readPolicy(command),
    paced: realtime,
    limit,
  };
}

function failWithNode({ cluster }: Operator, node: NodeName, shown: ShownSource): void {
  cluster.subscribe((event) => {
    if ((event.type === "memberDown" || event.type === "memberLeft") && event.member.name === node) {
      shown.fail(`node "${node}" is gone: ${event.type === "memberDown" ? event.reason : "it has left"}`);
    }
    if (event.type === "cutOff") shown.fail(`the connection to the hub is lost: ${event.reason}`);
  });
}

interface SourceEnd {
  /** What went wrong, or null. */
  readonly problem: string | null;
  /** Null where the source may go on. */
  readonly ledger: LedgerReported | null;
}

/** What is shown of one source, until it ends. */
class ShownSource {
  readonly ended: Promise<SourceEnd>;
  readonly #operator: Operator;
  readonly #id: string;
  readonly #lines = process.stdout.isTTY ? createLiveLines(process.stdout) : null;
  readonly #line: SourceLine;
  readonly #repeats = createProcessSayer((line) => this.say(line));
  #finish: (end: SourceEnd) => void = () => {};

  constructor(operator: Operator, id: string) {
    this.#operator = operator;
    this.#id = id;
    this.#line = new SourceLine(operator.system.clock.monotonic());
    this.ended = new Promise((resolve) => (this.#finish = resolve));
  }

  add(event: NodeEvent): void {
    // Its tasks go to another node; where there is none, they are dropped, and the end of the source says so.
    if (event.type === "stageFailed") return;
    if (event.sourceId !== this.#id) return;
    const line = describeNode(event);
    if (line !== null && event.type === "sourceStalled") this.#repeats.say(line);
    else if (line !== null) this.say(line);
    if (event.type === "sourceEnded") {
      const { error, ledger } = event;
      const problem = error?.message ?? describeTotalLoss(ledger) ?? describeFailures(ledger);
      this.#finish({ problem, ledger });
    }
  }

  fail(problem: string): void {
    this.#finish({ problem, ledger: null });
  }

  warn(line: string): void {
    this.#lines?.clear();
    err.line(line);
  }

  say(line: string): void {
    this.#lines?.clear();
    out.line(line);
  }

  /** Shows the figures of the source while it runs, where there is a terminal. */
  update(ledger: LedgerReported | undefined): void {
    if (ledger === undefined || this.#lines === null) return;
    const line = this.#line.at(this.#operator.system.clock.monotonic(), ledger);
    this.#lines.show(shortened(line, terminalWidth() - 1));
  }

  close(): void {
    this.#repeats.end();
    this.#lines?.clear();
  }
}
