/** What `sluice run` shows of a source while it runs. */

import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import type { Operator } from "../../src/operator/operator.js";
import { describeFailures, describeTotalLoss } from "../../src/task/ledger.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { createLiveLines } from "../live-lines.js";
import { createProcessSayer } from "../repeats.js";
import { shortened, terminalWidth } from "../tables.js";
import { err, out } from "../terminal.js";
import { describeNode } from "./describe.js";
import { SourceLine } from "./source-line.js";

export interface SourceEnd {
  /** What went wrong, or null. */
  readonly problem: string | null;
  /** Null where the source may go on. */
  readonly ledger: LedgerReported | null;
}

export type Ended = Extract<NodeEvent, { readonly type: "sourceEnded" }>;

/** What is shown of one source, until it ends. */
export class ShownSource {
  readonly ended: Promise<SourceEnd>;
  readonly #operator: Operator;
  readonly #id: string;
  readonly #lines = process.stdout.isTTY ? createLiveLines(process.stdout) : null;
  readonly #line: SourceLine;
  readonly #repeats = createProcessSayer((line) => this.say(line));
  readonly #onEnded: (event: Ended) => void;
  #finish: (end: SourceEnd) => void = () => {};
  #isOver = false;

  /** @param onEnded for whom that it has ended on a node is not all. Default: then it is over */
  constructor(operator: Operator, id: string, onEnded?: (event: Ended) => void) {
    this.#onEnded = onEnded ?? ((event) => this.end(event));
    this.#operator = operator;
    this.#id = id;
    this.#line = new SourceLine(operator.system.clock.monotonic());
    this.ended = new Promise((resolve) => {
      this.#finish = (end) => {
        this.#isOver = true;
        resolve(end);
      };
    });
  }

  /** Whether it has ended or failed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  add(event: NodeEvent): void {
    // Its tasks go to another node; where there is none, they are dropped, and the end of the source says so.
    if (event.type === "stageFailed" || event.type === "modelSwapped") return;
    if (event.type === "eventsMissed") {
      this.warn(`warning: ${describeNode(event) ?? ""}`);
      return;
    }
    if (event.sourceId !== this.#id) return;
    const line = describeNode(event);
    if (line !== null && event.type === "sourceStalled") this.#repeats.say(line);
    else if (line !== null) this.say(line);
    if (event.type === "sourceEnded") this.#onEnded(event);
  }

  /** It has ended on a node. */
  end({ error, ledger }: Ended): void {
    const problem = error?.message ?? describeTotalLoss(ledger) ?? describeFailures(ledger);
    this.#finish({ problem, ledger });
  }

  /** It was ended while it ran nowhere. */
  stop(): void {
    this.#finish({ problem: null, ledger: null });
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
