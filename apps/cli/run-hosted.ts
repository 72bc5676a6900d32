/** `sluice run --on edge-1,edge-2`: a source that one of several nodes captures, followed over its hosts until it ends. */

import { onSignal } from "../program.js";
import { out } from "../terminal.js";
import { onEachNode } from "../../src/operator/nodes-of.js";
import type { Operator } from "../../src/operator/operator.js";
import type { Hosting, HostingReport } from "../../src/task/hosting.js";
import { parseSourceId, type NodeName, type SourceId } from "../../src/task/identity.js";
import { awayOf, sayHubAway } from "./away.js";
import { describeHosting } from "./describe-hosting.js";
import { sayEnd, type StatedRun } from "./run-end.js";
import { ShownSource, type Ended } from "./shown-source.js";
import { watchStages } from "./watch-stages.js";

const PROGRESS_PERIOD_MS = 500;

/** @returns the exit code, as of a source on one node; that a node is gone is no failure */
export async function runHosted({
  operator,
  request,
  hint,
  hosting,
  detach,
}: StatedRun & { readonly hosting: Hosting; readonly detach: boolean }): Promise<number> {
  const id = parseSourceId(request.id);
  let ended: Ended | null = null;
  const shown = new ShownSource(operator, id, (event) => (ended = event));
  const stages = watchStages(operator, (line) => shown.warn(line));
  watchAll(operator, shown);
  const first = await operator.hostSource(request, hosting);
  if (detach) {
    const where = first === null ? "waits for a node" : `runs on ${first}`;
    out.lines(`${id} ${where}\n${hint}`);
    return 0;
  }
  let stopping = false;
  let host = first;
  onSignal(() => {
    stopping = true;
    shown.say(`Stopping ${id}: waiting for tasks in progress. Press Ctrl-C again to leave it running`);
    const of = host;
    stopHosted(operator, id, of).then(
      () => of === null && shown.stop(),
      () => {},
    );
  });
  let said = "";
  const look = async (): Promise<void> => {
    const now: HostingReport | undefined = (await operator.hosted())[id];
    if (now === undefined) {
      if (ended !== null) shown.end(ended);
      else if (!stopping) shown.fail(`an operator has ended ${id}`);
      return;
    }
    const line = describeHosting(id, now);
    if (line !== said && (said !== "" || now.status === "waiting")) shown.say(line);
    said = line;
    host = now.host;
    if (host === null) return;
    const { ledgers } = await operator.agent(host).sources();
    shown.update(ledgers.find(({ sourceId }) => sourceId === id));
  };
  const timer = setInterval(() => void look().catch(() => {}), PROGRESS_PERIOD_MS);
  const end = await shown.ended;
  clearInterval(timer);
  shown.close();
  return await sayEnd({ operator, id, hint }, end, stages);
}

/** No other node takes it over, and the one that has it ends it. */
async function stopHosted(operator: Operator, id: SourceId, host: NodeName | null): Promise<void> {
  await operator.endHosting(id);
  if (host !== null) await operator.agent(host).drainSource(id);
}

/** Events of every node that is there, or comes, and of a hub that is away. */
function watchAll(operator: Operator, shown: ShownSource): void {
  onEachNode(operator, (node) => void operator.agent(node).watchEvents((event) => shown.add(event)));
  sayHubAway(operator, awayOf(shown));
}
