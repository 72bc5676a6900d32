/**
 * The sources of a simulated cluster that any of several hosts may capture: ordered at the hub, as an operator does, and at their end
 * once no order is left.
 *
 * TO1 After another host has taken a source over, no task of a host before it is stored.
 */

import { createControl } from "../operator/control.js";
import type { SluiceNode } from "../node/node.js";
import { errorText } from "../runtime/errors.js";
import { parseNodeName, parseSourceId } from "../task/identity.js";
import type { HostingReport } from "../task/hosting.js";
import type { StoredRecord } from "../task/record.js";
import type { LedgerReported } from "../task/reports.js";
import { taskText } from "../audit/findings.js";
import type { OrderingOptions } from "./ordered-sources.js";
import type { SimulatedSource } from "./simulated-source.js";
import { stagedRequest } from "./staged-request.js";

/** A policy that each candidate can run. */
const ANYWHERE = { name: "cloud-only", parameters: {} };

/** Between looks at what is ordered, in ms. */
const LOOK_MS = 500;

export interface HostedOptions extends OrderingOptions {
  readonly nodeOf: (host: string) => SluiceNode | null;
  /** The law was tried. */
  readonly tried: (law: string) => void;
}

export class HostedSources {
  readonly #options: HostedOptions;
  /** Of the last host on which each has ended. */
  readonly #ends = new Map<string, LedgerReported>();
  readonly #asking = new Set<string>();
  /** Those that a host has captured at some time. */
  readonly #begun = new Set<string>();
  #ending = false;

  constructor(options: HostedOptions) {
    this.#options = options;
  }

  /** Orders what is not ordered and has not ended, and learns what has; from now on. */
  follow(): void {
    if (this.#left.length === 0) return;
    void this.#look();
    this.#options.time.after(LOOK_MS, () => this.follow());
  }

  /** Live ones do not end by themselves: each host that has one is told to. */
  endLive(): void {
    this.#ending = true;
  }

  /** One has ended on a host, which may have had to leave it to another one. @returns false where it is none of these */
  ended(ledger: LedgerReported): boolean {
    const source = this.#left.find(({ id }) => id === ledger.sourceId);
    if (source !== undefined) this.#ends.set(source.id, ledger);
    return source !== undefined;
  }

  get #left(): readonly SimulatedSource[] {
    return this.#options.sources().filter(({ candidates, ended }) => candidates.length > 0 && ended === null);
  }

  async #look(): Promise<void> {
    const hub = this.#options.hub();
    if (hub === null) return;
    const control = createControl(hub.system, hub.cloud, () => 0);
    const hosted = await control.hosted().catch(() => null);
    if (hosted === null) return;
    for (const source of this.#left) {
      const hosting = hosted[source.id];
      const end = this.#ends.get(source.id);
      if (hosting !== undefined && this.#isRefused(source, hosting)) {
        const id = parseSourceId(source.id);
        const other = this.#begun.has(id) ? control.setPolicy(id, ANYWHERE) : control.endHosting(id);
        void other.catch(() => {});
      } else if (hosting !== undefined) this.#follow(source, hosting);
      else if (end === undefined) this.#order(hub, source);
      else source.ended = end;
    }
  }

  /**
   * None of the candidates that are there can capture it so: whoever ordered it does so by another policy, or has what had begun go on
   * by another one.
   */
  #isRefused({ id }: SimulatedSource, { status, detail }: HostingReport): boolean {
    if (status === "captured") this.#begun.add(id);
    return status === "waiting" && detail.includes("Cannot place stage");
  }

  #follow(source: SimulatedSource, { host, history }: HostingReport): void {
    if (history.length > 1) this.#options.tried("scheduler a source that another host takes over");
    if (!this.#ending || source.camera.frames !== null || host === null) return;
    void this.#options.nodeOf(host)?.drainSource(parseSourceId(source.id));
  }

  #order(hub: SluiceNode, source: SimulatedSource): void {
    const { history, policyOf } = this.#options;
    if (this.#asking.has(source.id)) return;
    this.#asking.add(source.id);
    createControl(hub.system, hub.cloud, () => 0)
      .hostSource(stagedRequest(source.id, policyOf(source)), {
        candidates: source.candidates.map(parseNodeName),
        choice: "fixed",
      })
      .then(
        (node) => history.add(`${source.id} is ordered, of ${node ?? "nobody yet"}`),
        (thrown: unknown) => history.add(`${source.id} cannot be ordered yet: ${errorText(thrown)}`),
      )
      .finally(() => this.#asking.delete(source.id));
  }
}

/** TO1, by the records in order of position. @returns what was broken, a sentence each */
export function checkHosts(
  sources: readonly Pick<SimulatedSource, "id" | "candidates">[],
  records: readonly StoredRecord[],
): readonly string[] {
  const hosted = new Set(sources.filter(({ candidates }) => candidates.length > 0).map(({ id }) => id));
  const taken = new Map<string, number>();
  return records.flatMap((record) => {
    const { sourceId, incarnation } = record.id;
    const upTo = taken.get(sourceId) ?? -1;
    if (record.type === "closed") {
      if (record.end === "takenOver") taken.set(sourceId, Math.max(upTo, incarnation));
      return [];
    }
    if (incarnation > upTo) return [];
    if (!hosted.has(sourceId)) return [`captured: ${sourceId} was taken over, and is of one host`];
    return [`captured: ${taskText(record.id)} is stored after another host had taken its source over`];
  });
}
