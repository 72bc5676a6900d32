/**
 * The journal of a node, for as long as the node runs.
 *
 * OJ1 A journal belongs to one node of one cluster. Another node does not use it, and does not join another cluster with it,
 *     unless whoever starts it has what it holds discarded.
 */

import type { Clock } from "../runtime/clock.js";
import type { Logger } from "../runtime/log.js";
import { openLevelJournals, type LevelJournals } from "../storage/journal/level-journals.js";
import type { JournalContent } from "../storage/journal/journal.js";
import { SluiceError } from "../task/errors.js";
import type { NodeName } from "../task/identity.js";
import type { ClusterIdentity } from "../transport/cluster/cluster.js";
import type { NodeOptions } from "./node-options.js";

export interface OwnJournal {
  readonly journals: LevelJournals;
  /** @throws SluiceError `journal-foreign` where it belongs to another cluster */
  readonly check: (there: ClusterIdentity) => void;
  /** The node is a member: the journal belongs to that cluster from now on. @throws SluiceError `journal-foreign`, `store-full` */
  claim(there: ClusterIdentity): Promise<void>;
}

/**
 * Opens the journal that a node is started with; null where it keeps none.
 *
 * @throws SluiceError `journal-foreign` where it is another node's, `store-locked`, `store-unwritable`, `store-full`, `store-corrupt`
 */
export async function openOwnJournal(
  { journal: folder, forget = false }: NodeOptions,
  { node, clock, log }: { readonly node: NodeName; readonly clock: Clock; readonly log: Logger },
): Promise<OwnJournal | null> {
  if (folder === undefined) return null;
  const journals = await openLevelJournals(folder, { clock, log }).catch((error: unknown) => {
    if (!(error instanceof SluiceError) || error.code !== "store-locked") throw error;
    throw new SluiceError(
      `Cannot use the journal "${folder}" as another process has it: a node of that journal runs on this machine; join ` +
        `under another name with --name, or name another folder with --journal`,
      { code: "store-locked", cause: error },
    );
  });
  const held = await journals.content();
  /** Until it has been forgotten. */
  let forgetting = forget;
  const { owner: found } = journals;
  if (found !== null && found.node !== node && !forgetting) {
    await journals.close();
    throw foreign(`use the journal "${folder}" as node "${node}": it is that of node "${found.node}"`, held);
  }

  function check({ cluster, clusterId }: ClusterIdentity): void {
    const { owner } = journals;
    if (owner === null || owner.clusterId === clusterId || forgetting) return;
    const whose =
      owner.cluster === cluster
        ? `another hub's cluster "${cluster}", with another store`
        : `cluster "${owner.cluster}"`;
    throw foreign(`join cluster "${cluster}": the journal "${folder}" belongs to ${whose}`, held);
  }

  return {
    journals,
    check,
    async claim({ cluster, clusterId }) {
      check({ cluster, clusterId });
      const { owner } = journals;
      if (forgetting) {
        const forgotten = await journals.forget();
        forgetting = false;
        log.warn("Discarded what the journal held", { folder, ...forgotten });
      } else if (owner?.node === node && owner.clusterId === clusterId) return;
      await journals.claim({ node, cluster, clusterId });
    },
  };
}

function foreign(doing: string, { sources, tasks }: JournalContent): SluiceError {
  const text =
    `Cannot ${doing}; name another folder with --journal, or discard what it holds ` +
    `(sources: ${sources}, unfinished tasks: ${tasks}) with --forget`;
  return new SluiceError(text, { code: "journal-foreign", details: { sources, tasks } });
}
