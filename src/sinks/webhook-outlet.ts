/**
 * Records as CloudEvents 1.0, in batches, by HTTP POST (`application/cloudevents-batch+json` of the JSON event format 1.0).
 *
 * Whoever shares the secret can tell that a request is the hub's, and when it was made: `Sluice-Signature` has the time and an HMAC of
 * the time and the body.
 */

import type { Outlet } from "./outlet.js";
import { postEvents, type PostOptions } from "./post-events.js";
import type { StoredRecord } from "../task/record.js";

export interface WebhookOutletOptions extends PostOptions {
  /** Of the hub: goes into `source` and `id` of events. */
  readonly cluster: { readonly name: string; readonly id: string };
}

export function createWebhookOutlet(options: WebhookOutletOptions): Outlet {
  const ended = new AbortController();
  return {
    deliver: (records) =>
      postEvents(
        records.map((record) => cloudEvent(record, options.cluster)),
        options,
        ended.signal,
      ),
    async close() {
      ended.abort();
    },
  };
}

/** A record under an id that is the same whenever it comes again. */
function cloudEvent(
  record: StoredRecord,
  { name, id }: WebhookOutletOptions["cluster"],
): Readonly<Record<string, unknown>> {
  const { sourceId } = record.id;
  return {
    specversion: "1.0",
    id: `${id}-${record.position}`,
    source: `/sluice/${encodeURIComponent(name)}/${sourceId}`,
    type: `sluice.${record.type}`,
    subject: sourceId,
    time: new Date(record.storedAtMs).toISOString(),
    datacontenttype: "application/json",
    data: record,
  };
}
