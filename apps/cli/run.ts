/** `sluice run`: a source on a node of the cluster, followed to its end. */

import { countDrops } from "../../src/task/ledger.js";
import { readFile } from "node:fs/promises";
import { SluiceError } from "../../src/task/errors.js";
import type { Operator } from "../../src/operator/operator.js";
import type { LedgerReported } from "../../src/task/reports.js";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import type { SourceRequest } from "../../src/task/requests.js";
import { SERVICES } from "../../src/services/catalogue.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import { suggestName } from "../../src/task/nearest-name.js";
import { createLiveLines } from "../live-lines.js";
import { configurationGiven, nameSources, readPipeline, type ConfigurationFlags } from "../start/inputs.js";
import { describeNode } from "./describe.js";
import { onSignal } from "./signals.js";
import { err, out } from "../terminal.js";

export interface RunCommand extends ConfigurationFlags {
  readonly pipeline: string;
  readonly source: string;
  readonly on: string;
  readonly id?: string;
  readonly policy?: string;
  readonly realtime: boolean;
  readonly limit: number | null;
  readonly detach: boolean;
}

const PROGRESS_PERIOD_MS = 500;

/** @returns the exit code: 0 once it ended well, 1 where it failed or its node went */
export async function run(operator: Operator, command: RunCommand): Promise<number> {
  const { pipeline: file, source, on, limit, realtime, policy } = command;
  // A mistake in it is told here, with the file's own name and lines.
  await readPipeline(file, SERVICES);
  const node = parseNodeName(on);
  const { members } = operator.cluster;
  if (!members.has(node)) {
    const names = [...members.values()]
      .filter(({ roles }) => !roles.includes("operator"))
      .map(({ name }) => name);
    throw new SluiceError(
      `Cannot run on "${on}" as it is no node of the cluster${suggestName(on, names)}: there are ${names.join(", ")}`,
      { code: "source-invalid" },
    );
  }
  const [named] = nameSources([source]);
  const id = parseSourceId(command.id ?? named?.id ?? "source");
  const request: SourceRequest = {
    id,
    source,
    pipeline: await readFile(file, "utf8"),
    pipelineName: file,
    configuration: configurationGiven(command),
    policy: policy === undefined ? null : { name: policy, parameters: {} },
    paced: realtime,
    limit,
  };
  const agent = operator.agent(node);
  const follow = new Following(operator, id);
  agent.watchEvents((event) => follow.hear(event));
  operator.cluster.subscribe((event) => {
    if ((event.type === "memberDown" || event.type === "memberLeft") && event.member.name === node) {
      follow.fail(`node "${node}" is gone: ${event.type === "memberDown" ? event.reason : "it has left"}`);
    }
    if (event.type === "cutOff") follow.fail(`the hub is out of reach: ${event.reason}`);
  });
  await agent.addSource(request);
  if (command.detach) {
    out.line(`${id} runs on ${node}`);
    return 0;
  }
  onSignal(() => {
    follow.say(`Stopping ${id}: what is under way is settled first; Ctrl-C again leaves it running`);
    void agent.drainSource(id).catch(() => {});
  });
  const timer = setInterval(() => {
    void agent.sources().then(
      ({ ledgers }) => follow.show(ledgers.find(({ sourceId }) => sourceId === id)),
      () => {},
    );
  }, PROGRESS_PERIOD_MS);
  const problem = await follow.over;
  clearInterval(timer);
  follow.end();
  if (problem !== null) err.line(`error: ${problem}`);
  return problem === null ? 0 : 1;
}

/** What is shown of one source, until it ends. */
class Following {
  /** What went wrong, or null. */
  readonly over: Promise<string | null>;
  readonly #operator: Operator;
  readonly #id: string;
  readonly #lines = process.stdout.isTTY ? createLiveLines(process.stdout) : null;
  readonly #startedAtMs: number;
  #finish: (problem: string | null) => void = () => {};

  constructor(operator: Operator, id: string) {
    this.#operator = operator;
    this.#id = id;
    this.#startedAtMs = operator.system.clock.now();
    this.over = new Promise((resolve) => (this.#finish = resolve));
  }

  hear(event: NodeEvent): void {
    if (event.type === "stageFailed") {
      this.fail(event.error.message);
      return;
    }
    if (event.sourceId !== this.#id) return;
    const line = describeNode(event);
    if (line !== null) this.say(line);
    if (event.type === "sourceEnded") this.#finish(event.error === null ? null : event.error.message);
  }

  fail(problem: string): void {
    this.#finish(problem);
  }

  say(line: string): void {
    this.#lines?.clear();
    out.line(line);
  }

  show(ledger: LedgerReported | undefined): void {
    if (ledger === undefined || this.#lines === null) return;
    const seconds = (this.#operator.system.clock.now() - this.#startedAtMs) / 1_000;
    const dropped = countDrops(ledger.dropped);
    this.#lines.show(
      `${seconds.toFixed(1)} s: tasks created ${ledger.created}, in flight ${ledger.inFlight}, stored ${ledger.stored}, ` +
        `dropped ${dropped}; ${(ledger.stored / Math.max(0.1, seconds)).toFixed(1)} tasks / s`,
    );
  }

  end(): void {
    this.#lines?.clear();
  }
}
