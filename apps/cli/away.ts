/** What a command that people follow says of a hub or a node that goes and comes: once each, with the time of the outage. */

import type { Operator } from "../../src/operator/operator.js";
import type { NodeName } from "../../src/task/identity.js";
import type { ClusterEvent } from "../../src/transport/cluster/cluster.js";
import type { ShownSource } from "./shown-source.js";

export interface AwayOptions {
  readonly say: (line: string) => void;
  /** It will not come back, or has not come back in time. */
  readonly fail: (problem: string) => void;
  /** How long it is waited for, in ms. Default: for as long as it takes. */
  readonly patienceMs?: number;
}

/** How long a run waits for its hub or its node to come back, in ms: for a machine that starts anew. */
const RUN_PATIENCE_MS = 60_000;

/** Of a run that is shown. */
export function awayOf(shown: Pick<ShownSource, "warn" | "fail">): AwayOptions {
  return {
    patienceMs: RUN_PATIENCE_MS,
    say: (line) => shown.warn(line),
    fail: (problem) => shown.fail(problem),
  };
}

/** A hub that stops in order says of every node that it is gone, and then that it is gone itself, in ms. */
const HUB_STOPS_MS = 200;

/** Says that the hub is away, and when it is back. @returns ends it */
export function sayHubAway({ cluster, system }: Operator, options: AwayOptions): () => void {
  const absence = createAbsence(system.clock, "the hub", options);
  const unsubscribe = cluster.subscribe((event) => {
    if (event.type === "cutOff") absence.begin(event.reason);
    else if (event.type === "joined") absence.end();
    else if (event.type === "refused")
      options.fail(`the hub takes this command no more: ${event.error.message}`);
  });
  return () => {
    unsubscribe();
    absence.forget();
  };
}

/**
 * Says that a node is away, also as the hub does not know it any more that has started anew, and when it is back. A node that leaves in
 * order has failed whoever waits for it.
 *
 * @param back is asked whether all is well again, once the node is back
 * @returns ends it
 */
export function sayNodeAway(
  { cluster, system }: Operator,
  node: NodeName,
  { back, ...options }: AwayOptions & { readonly back: () => Promise<boolean> },
): () => void {
  const absence = createAbsence(system.clock, `node "${node}"`, options);
  const isThere = (): boolean => cluster.members.has(node);
  async function returned(): Promise<void> {
    const isWell = await back();
    absence.end();
    if (!isWell) options.fail(`node "${node}" is back, and does not go on with it`);
  }
  function missed(reason: string): void {
    if (cluster.connected && !isThere()) absence.begin(reason);
  }
  /** After an outage of the hub. */
  async function found(): Promise<void> {
    if (!isThere()) absence.begin("it is not back at the hub yet");
    else if (!(await back())) options.fail(`node "${node}" does not go on with it`);
  }
  const unsubscribe = cluster.subscribe((event: ClusterEvent) => {
    // Those that are there are told next.
    if (event.type === "joined") system.clock.after(0, () => void found());
    if (!("member" in event) || event.member.name !== node) return;
    if (event.type === "memberDown") system.clock.after(HUB_STOPS_MS, () => missed(event.reason));
    else if (event.type === "memberLeft") options.fail(`node "${node}" is gone: it has left`);
    else if (event.type === "memberUp" && absence.lasts()) void returned();
  });
  return () => {
    unsubscribe();
    absence.forget();
  };
}

interface Absence {
  begin(reason: string): void;
  lasts(): boolean;
  end(): void;
  /** Nothing more is said of it. */
  forget(): void;
}

function createAbsence(
  clock: Operator["system"]["clock"],
  who: string,
  { say, fail, patienceMs }: AwayOptions,
): Absence {
  let since: { readonly atMs: number; readonly limit: { cancel(): void } | null } | null = null;
  function forget(): void {
    since?.limit?.cancel();
    since = null;
  }
  return {
    begin(reason) {
      if (since !== null) return;
      const limit =
        patienceMs === undefined
          ? null
          : clock.after(patienceMs, () => fail(`${who} was away for ${patienceMs / 1_000} s: ${reason}`));
      since = { atMs: clock.monotonic(), limit };
      say(`${who} is away since ${timeText(clock.now())}, and is waited for: ${reason}`);
    },
    lasts: () => since !== null,
    end() {
      if (since === null) return;
      say(`${who} is back after ${((clock.monotonic() - since.atMs) / 1_000).toFixed(1)} s`);
      forget();
    },
    forget,
  };
}

function timeText(nowMs: number): string {
  return new Date(nowMs).toTimeString().slice(0, 8);
}
