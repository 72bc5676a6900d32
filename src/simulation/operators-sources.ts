/** The sources of a simulated cluster that operators have ordered: of several hosts, or of one. */

import type { SourceOptions } from "../node/sources.js";
import type { LedgerReported } from "../task/reports.js";
import { HostedSources, type HostedOptions } from "./hosted-sources.js";
import { OrderedSources } from "./ordered-sources.js";
import type { ClusterShape } from "./shape.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { SimulatedSource } from "./simulated-source.js";
import { stagedOptions } from "./source-options.js";

interface OperatorsOptions extends HostedOptions {
  readonly shape: ClusterShape;
  /** Hears of each frame of a source, before its camera gives it. */
  readonly onGiven: (host: string, sourceId: string) => void;
}

export class OperatorsSources {
  readonly #options: OperatorsOptions;
  readonly #hosted: HostedSources;
  readonly #ordered: OrderedSources;
  #followed = false;

  constructor(options: OperatorsOptions) {
    this.#options = options;
    this.#hosted = new HostedSources(options);
    this.#ordered = new OrderedSources(options);
  }

  /** Orders what is not ordered and has not ended, from now on. */
  follow(): void {
    if (this.#followed) return;
    this.#followed = true;
    this.#hosted.follow();
    this.#ordered.follow();
  }

  /** Live ones that any of several hosts may capture do not end by themselves: each host that has one is told to. */
  endLive(): void {
    this.#hosted.endLive();
  }

  /** Of a source that was ordered, the camera that stands for it. */
  staged(asked: SourceOptions, host: string, process: SimulatedProcess): SourceOptions {
    const { shape, onGiven } = this.#options;
    const source = this.#source(asked.id);
    if (source === undefined) return asked;
    return {
      ...asked,
      ...stagedOptions(source, shape, { process, onGiven: () => onGiven(host, source.id) }),
    };
  }

  /** A source has ended on a node. @param goesOn with its node, when that starts again */
  ended(ledger: LedgerReported, goesOn: boolean): void {
    const source = this.#source(ledger.sourceId);
    if (source === undefined) return;
    if (this.#hosted.ended(ledger) || (goesOn && source.ordered)) source.left = ledger;
    else [source.ended, source.left] = [ledger, null];
  }

  /** Its node goes on with a source. */
  resumed(sourceId: string): void {
    const source = this.#source(sourceId);
    if (source !== undefined) source.left = null;
  }

  #source(sourceId: string): SimulatedSource | undefined {
    return this.#options.sources().find(({ id }) => id === sourceId);
  }
}
