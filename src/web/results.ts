/** Stored records over HTTP: page by page, and as they are stored. */

import { parseWith, z } from "../runtime/parse.js";
import { jsonLine } from "../runtime/safe-text.js";
import type { HttpRequest } from "../transport/carrier.js";
import type { Operator } from "../operator/operator.js";
import { parseSourceId, type SourceId } from "../task/identity.js";
import type { ResultQuery, StoredRecord } from "../task/record.js";
import { jsonAnswer, plainAnswer, type Answer, type Sink } from "./answer.js";
import { headerOf } from "./origin.js";
import type { Turns } from "./turns.js";

/** What the answers are made of. */
export interface ResultsPorts {
  readonly operator: Operator;
  /** Resolves once something may have been stored since the call, or some time has passed. */
  readonly stored: () => Promise<void>;
  /** Reads of the store, of which there are few at a time: the others are left to operators. */
  readonly reads: Turns;
}

const PAGE_MAX = 1_000;
const BATCH = 200;
const STREAMS_MAX = 64;
const STREAM = "text/event-stream";

const position = z.coerce.number().int().min(0);
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const queryForm = z.strictObject({
  source: z.string().transform(parseSourceId).optional(),
  from: position.optional(),
  since: instant.optional(),
  until: instant.optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(100),
});
const streamForm = queryForm.pick({ source: true, from: true });

/**
 * `GET /results?source=&from=&since=&until=&limit=`: the newest first, or from a position on, in the order in which they were
 * stored. `next` is where the next page begins; null where there is none.
 */
export async function resultsAnswer(
  request: HttpRequest,
  { operator, reads }: ResultsPorts,
): Promise<Answer> {
  const query = queryOf(queryForm, request);
  if (typeof query === "string") return plainAnswer(400, query);
  const { source, from, since, until, limit } = query;
  if (from !== undefined && (since !== undefined || until !== undefined)) {
    return plainAnswer(400, 'Ask by position ("from") or by time ("since", "until"), not by both');
  }
  const ofSource: ResultQuery = { limit, ...(source !== undefined && { sourceId: source }) };
  if (from !== undefined) {
    const { records, more } = await reads.take(() => operator.query({ ...ofSource, fromPosition: from }));
    const last = records.at(-1);
    return jsonAnswer(200, { records, next: more && last !== undefined ? last.position + 1 : null });
  }
  const { records, more } = await reads.take(() =>
    operator.query({
      ...ofSource,
      newestFirst: true,
      ...(since !== undefined && { sinceMs: since }),
      ...(until !== undefined && { untilMs: until }),
    }),
  );
  return jsonAnswer(200, { records, more });
}

/**
 * `GET /results/stream?source=&from=`: server-sent events, each record under its position as the id: whoever comes back with
 * `Last-Event-ID` goes on behind it and misses nothing, as far as retention has kept it. Without either from now on.
 */
export function createResultsStream(ports: ResultsPorts): (request: HttpRequest) => Promise<Answer> {
  let streams = 0;
  return async (request) => {
    const query = queryOf(streamForm, request);
    if (typeof query === "string") return plainAnswer(400, query);
    const last = headerOf(request, "last-event-id");
    if (last !== "" && !/^\d{1,15}$/.test(last)) return plainAnswer(400, "Last-Event-ID is no position");
    if (streams >= STREAMS_MAX)
      return plainAnswer(503, "Too many follow the results", { "retry-after": "10" });
    const from = last === "" ? query.from : Number(last) + 1;
    const { source } = query;
    // Whoever asks for the head alone follows nothing.
    if (request.method === "HEAD") return { status: 200, contentType: STREAM, body: "" };
    streams += 1;
    try {
      const next = from ?? (await ports.reads.take(() => ports.operator.statement())).nextPosition;
      return {
        status: 200,
        contentType: STREAM,
        async body(sink) {
          try {
            await follow(ports, sink, { source, next });
          } finally {
            streams -= 1;
          }
        },
      };
    } catch (thrown) {
      streams -= 1;
      throw thrown;
    }
  };
}

interface Followed {
  readonly source: SourceId | undefined;
  readonly next: number;
}

async function follow(
  { operator, stored, reads }: ResultsPorts,
  sink: Sink,
  followed: Followed,
): Promise<void> {
  const { source } = followed;
  let { next } = followed;
  await sink.write(": results as they are stored\n\n");
  while (sink.isOpen) {
    const news = stored();
    const query = { fromPosition: next, limit: BATCH, ...(source !== undefined && { sourceId: source }) };
    const { records, more } = await reads.take(() => operator.query(query));
    for (const record of records) {
      await sink.write(eventOf(record));
      next = record.position + 1;
    }
    if (more) continue;
    await Promise.race([news, sink.closed]);
    // What is read by nobody is known only once something is written.
    if (records.length === 0) await sink.write(": nothing new\n\n");
  }
}

function eventOf(record: StoredRecord): string {
  return `id: ${record.position}\nevent: ${record.type}\ndata: ${jsonLine(record).trimEnd()}\n\n`;
}

/** What was asked for, or what is wrong with it. */
function queryOf<Form extends z.ZodType>(form: Form, { url = "" }: HttpRequest): z.output<Form> | string {
  const { searchParams } = new URL(url, "http://hub");
  try {
    const parsed = parseWith(form, Object.fromEntries(searchParams));
    return parsed.ok ? parsed.value : `Cannot answer that: ${parsed.problem}`;
  } catch (thrown) {
    return `Cannot answer that: ${thrown instanceof Error ? thrown.message : ""}`;
  }
}
