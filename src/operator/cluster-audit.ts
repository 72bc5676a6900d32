/** The audit of a running cluster: its records, what their store says of them, and what its nodes have in flight. */

import type { AuditInput } from "../audit/audit.js";
import { auditLedgersOf, windowsOf } from "../audit/ledgers.js";
import { errorText } from "../runtime/errors.js";
import { statedRecords, type RecordPlace } from "../storage/results/read-store.js";
import type { NodeName, SourceId } from "../task/identity.js";
import type { LedgerReported } from "../task/reports.js";
import type { TableReported } from "../actors/protocol/scheduler.js";
import type { Cluster } from "../transport/cluster/cluster.js";
import type { AgentClient } from "./agent-client.js";
import { nodesOf } from "./nodes-of.js";

/** What an audit asks of a cluster: an operator can. */
interface Audited extends RecordPlace {
  readonly cluster: Pick<Cluster, "members">;
  agent(node: NodeName): Pick<AgentClient, "sources">;
  table(): Promise<Pick<TableReported, "table">>;
}

/** Is told of a node that does not answer, and why: its tasks in flight may show as lost. */
export type OnSilent = (node: NodeName, why: string) => void;

/**
 * The ledgers are read before the records: tasks that were created after them are not judged. Which sources run is asked once
 * more behind the store's statement, as one may have begun in between.
 */
export async function auditInputOfCluster(
  operator: Audited,
  sourceId: SourceId | null,
  onSilent: OnSilent,
): Promise<AuditInput> {
  const silent = new Map<NodeName, string>();
  const noteSilent: OnSilent = (node, why) => void silent.set(node, why);
  const all = await liveLedgers(operator, noteSilent);
  const ledgers = all.filter((ledger) => sourceId === null || ledger.sourceId === sourceId);
  const { table } = await operator.table();
  const input = await auditInputOf(operator, sourceId);
  const running = new Set(ledgers.map((ledger) => ledger.sourceId));
  for (const { sourceId: begun } of await liveLedgers(operator, noteSilent)) running.add(begun);
  for (const [node, why] of silent) onSilent(node, why);
  return {
    ...input,
    ledgers: ledgers.flatMap(auditLedgersOf),
    ...(silent.size === 0 && { running }),
    windows: windowsOf(ledgers),
    pipelines: table?.pipelines ?? new Map(),
  };
}

/** The records that a place has now, in order of position, and what it says of them before and after. */
export async function auditInputOf(place: RecordPlace, sourceId: SourceId | null): Promise<AuditInput> {
  const before = await place.statement();
  return {
    records: statedRecords(place, before, sourceId),
    async origin() {
      const after = await place.statement();
      return { stated: { before, after, whole: sourceId === null }, file: null };
    },
  };
}

async function liveLedgers(operator: Audited, onSilent: OnSilent): Promise<readonly LedgerReported[]> {
  const reported = await Promise.all(
    nodesOf(operator).map(async (name) => {
      try {
        return (await operator.agent(name).sources()).ledgers;
      } catch (error) {
        onSilent(name, errorText(error));
        return [];
      }
    }),
  );
  return reported.flat();
}
