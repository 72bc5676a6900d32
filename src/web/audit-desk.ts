/**
 * The audit of the cluster for whoever looks at it on a page.
 *
 * WA1 One at a time, for all who look: whoever comes later sees how far it is. It ends as soon as nobody looks.
 * WA2 It takes at most half of the hub's time, and holds a page of records.
 */

import type { ActorSystem } from "../runtime/system.js";
import { errorText } from "../runtime/errors.js";
import { auditRun, type AuditInput } from "../audit/audit.js";
import { taskText } from "../audit/findings.js";
import { auditInputOfCluster } from "../operator/cluster-audit.js";
import type { Operator } from "../operator/operator.js";
import type { StoredRecord } from "../task/record.js";
import type { AuditState } from "./page-protocol.js";

/** Records between two looks at the clock: a few ms of work. */
const STRETCH = 200;
/** Between two reports of how far it is. */
const PROGRESS_MS = 250;
/** Those that are told; the others are counted. */
const FINDINGS_MAX = 200;

export interface AuditDesk {
  /** Begins one where none is under way. @returns ends it for this listener */
  look(listener: (state: AuditState) => void): () => void;
}

interface Running {
  state: AuditState;
  isOver: boolean;
  readonly listeners: Set<(state: AuditState) => void>;
}

/** Nobody looks any more. */
class Abandoned extends Error {}

export function createAuditDesk(operator: Operator): AuditDesk {
  const { clock } = operator.system;
  let running: Running | null = null;

  function tell(audit: Running, state: AuditState): void {
    audit.state = state;
    for (const listener of audit.listeners) listener(state);
  }

  async function work(audit: Running): Promise<AuditState> {
    const { firstPosition, nextPosition } = await operator.statement();
    const silent: string[] = [];
    let toldMs = clock.monotonic();
    const input = await auditInputOfCluster(operator, null, (node, why) => silent.push(`${node}: ${why}`));
    const report = await auditRun({
      ...input,
      records: gentle(input.records, operator.system, (read) => {
        if (audit.isOver) throw new Abandoned();
        if (clock.monotonic() - toldMs < PROGRESS_MS) return;
        toldMs = clock.monotonic();
        tell(audit, { status: "running", read, of: Math.max(read, nextPosition - firstPosition) });
      }),
    });
    return {
      status: "done",
      atMs: clock.now(),
      records: report.records,
      findingCount: report.findingCount,
      findingsByRule: report.findingsByRule,
      findings: report.findings.slice(0, FINDINGS_MAX).map(({ rule, source, task, detail }) => ({
        rule,
        about: task === null ? (source ?? "the run") : taskText(task),
        detail,
      })),
      silent,
    };
  }

  async function run(audit: Running): Promise<void> {
    let end: AuditState;
    try {
      end = await work(audit);
    } catch (thrown) {
      end = { status: "failed", problem: errorText(thrown) };
    }
    if (running === audit) running = null;
    if (!audit.isOver) tell(audit, end);
  }

  return {
    look(listener) {
      const isFirst = running === null;
      running ??= { state: { status: "running", read: 0, of: 0 }, isOver: false, listeners: new Set() };
      const audit = running;
      audit.listeners.add(listener);
      listener(audit.state);
      if (isFirst) void run(audit);
      return () => {
        audit.listeners.delete(listener);
        if (audit.listeners.size > 0) return;
        audit.isOver = true;
        if (running === audit) running = null;
      };
    },
  };
}

/** The same records; after each stretch of work it rests for as long. @param onRead may throw, which ends it */
async function* gentle(
  records: AuditInput["records"],
  { clock }: Pick<ActorSystem, "clock">,
  onRead: (read: number) => void,
): AsyncGenerator<StoredRecord> {
  let read = 0;
  let beganMs = clock.monotonic();
  for await (const record of records) {
    yield record;
    read += 1;
    if (read % STRETCH !== 0) continue;
    const workedMs = clock.monotonic() - beganMs;
    await new Promise<void>((resolve) => void clock.after(Math.ceil(workedMs), resolve));
    beganMs = clock.monotonic();
    onRead(read);
  }
}
