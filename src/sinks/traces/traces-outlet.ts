/** Stored tasks as traces to a collector, by OTLP/HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */

import type { Logger } from "../../runtime/log.js";
import { jsonOf, parseWith, z } from "../../runtime/parse.js";
import { RateLimit } from "../../runtime/rate-limit.js";
import type { StoredRecord } from "../../task/record.js";
import type { Outlet } from "../outlet.js";
import { hostOf, post } from "../post.js";
import { otlpRequest, type KeptRecord, type TracedCluster } from "./otlp-spans.js";
import { keptAs, type Sampling } from "./trace-of.js";

export interface TracesOutletOptions extends Sampling {
  /** `http(s)://HOST:4318/v1/traces`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For the answer, in ms. */
  readonly timeoutMs: number;
  readonly cluster: TracedCluster;
  readonly log: Logger;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/** What a collector says of spans that it will not keep, in what it has else taken: they must not be sent again. */
const partialForm = z.object({
  partialSuccess: z.object({
    rejectedSpans: z.coerce.number(),
    errorMessage: z.string().optional(),
  }),
});

const ANSWER_BYTES_MAX = 64 * 1024;
const SAID = { perSecond: 1 / 60, burst: 1 };

export function createTracesOutlet(options: TracesOutletOptions): Outlet {
  const { url, headers, timeoutMs, cluster, log, now } = options;
  const ended = new AbortController();
  const said = new RateLimit(SAID, now());
  let rejected = 0;

  /** An answer that is none of OTLP's says nothing. */
  function check(answer: string): void {
    const parsed = parseWith(partialForm, jsonOf(answer));
    if (!parsed.ok || parsed.value.partialSuccess.rejectedSpans === 0) return;
    const { rejectedSpans, errorMessage = "" } = parsed.value.partialSuccess;
    rejected += rejectedSpans;
    if (!said.take(now())) return;
    log.warn("A collector has rejected spans", {
      collector: hostOf(url),
      spans: rejected,
      error: errorMessage.slice(0, 300),
    });
    rejected = 0;
  }

  return {
    async deliver(records) {
      const kept = records.flatMap((record) => keptRecord(record, options));
      if (kept.length === 0) return;
      const body = JSON.stringify(otlpRequest(kept, cluster));
      const answer = await post(
        {
          url,
          body,
          headers: { ...headers, "content-type": "application/json" },
          timeoutMs,
          answerBytesMax: ANSWER_BYTES_MAX,
        },
        ended.signal,
      );
      check(answer);
    },
    async close() {
      ended.abort();
    },
  };
}

/** Whether there is a trace of it to send. */
export function isTraced(record: StoredRecord, sampling: Sampling): boolean {
  return keptRecord(record, sampling).length > 0;
}

function keptRecord(record: StoredRecord, sampling: Sampling): readonly KeptRecord[] {
  if (record.type === "closed") return [];
  const kept = keptAs(record, sampling);
  return kept === null ? [] : [{ record, kept }];
}
