/** `sluice pause` and `sluice resume`: a source captures nothing for a while. */

import type { Operator } from "../../src/operator/operator.js";
import { parseSourceId, type NodeName, type SourceId } from "../../src/task/identity.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { out } from "../terminal.js";

/** For its node to hear of it, in ms. */
const HEARD_MS = 5_000;
const LOOK_MS = 20;

/** @throws SluiceError `source-missing` */
export async function pause(
  operator: Operator,
  source: string,
  { reason = "" }: { readonly reason?: string },
): Promise<number> {
  const id = parseSourceId(source);
  await operator.pauseSource(id, reason);
  const said = await heard(operator, id, (status) => status === "paused");
  out.line(
    said === null
      ? `${id} is paused as soon as its node hears of it`
      : `${id} is paused on ${said}, until "sluice resume ${id}"`,
  );
  return 0;
}

/** @throws SluiceError `source-missing` */
export async function resume(operator: Operator, source: string): Promise<number> {
  const id = parseSourceId(source);
  await operator.continueSource(id);
  const said = await heard(operator, id, (status) => status !== "paused");
  out.line(said === null ? `${id} goes on as soon as its node hears of it` : `${id} goes on, on ${said}`);
  return 0;
}

/** @returns the node of the source once that does as it is told; null where it does not answer, or not in time */
async function heard(
  operator: Operator,
  id: SourceId,
  wanted: (status: LedgerReported["status"]) => boolean,
): Promise<NodeName | null> {
  const { clock } = operator.system;
  const untilMs = clock.monotonic() + HEARD_MS;
  const node = (await operator.sources())[id]?.node;
  if (node === undefined || !operator.cluster.members.has(node)) return null;
  while (clock.monotonic() < untilMs) {
    const { ledgers } = await operator.agent(node).sources();
    const ledger = ledgers.find(({ sourceId }) => sourceId === id);
    if (ledger !== undefined && wanted(ledger.status)) return node;
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
  return null;
}
