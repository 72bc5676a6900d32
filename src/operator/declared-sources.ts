/**
 * Sources that a hub's configuration names: each runs on its node for as long as it is named.
 *
 * DCS1 A source is started where its node runs none of that name, once for each time that its node comes or that it is named
 *     otherwise; one that has come to its end, or that an operator has ended, is not started again unless it is named otherwise.
 * DCS2 One that is named no more is ended, also where that is found out at the hub's next start.
 * DCS3 What cannot be started is said, and tried again when its node comes back or the configuration is read again.
 */

import { createHash } from "node:crypto";
import { errorText } from "../runtime/errors.js";
import { parseWith, z } from "../runtime/parse.js";
import type { StateEntry, StateChange } from "../storage/hub/hub-state.js";
import { parseNodeName, parseSourceId, type NodeName, type SourceId } from "../task/identity.js";
import type { SourceRequest } from "../task/requests.js";
import type { Operator } from "./operator.js";

/** A source, and the node that is to run it. */
export interface DeclaredSource {
  readonly node: NodeName;
  readonly request: SourceRequest;
}

/** Where it is kept what was started. */
interface DeclaredState {
  range(kind: "declared"): Promise<readonly StateEntry[]>;
  write(changes: readonly StateChange[]): Promise<void>;
}

export interface DeclaredSourcesOptions {
  readonly operator: Operator;
  readonly state: DeclaredState;
  /** For people: what was started and ended, and what could not be. */
  readonly say: (line: string) => void;
}

export interface DeclaredSources {
  /** These and no others are to run. */
  declare(sources: readonly DeclaredSource[]): Promise<void>;
}

/** Each waits for as long as an ask does. */
const ATTEMPTS = 5;

const keptForm = z.object({
  node: z.string().transform(parseNodeName),
  digest: z.string(),
  ended: z.boolean(),
});
type Kept = z.output<typeof keptForm>;

/** Ends with the cluster. @throws SluiceError `store-corrupt` */
export async function keepDeclaredSources(options: DeclaredSourcesOptions): Promise<DeclaredSources> {
  const { operator, state, say } = options;
  const { cluster } = operator;
  const kept = new Map<SourceId, Kept>();
  for (const [key, value] of await state.range("declared")) {
    const parsed = parseWith(keptForm, value);
    // One of another version is started as if it were new.
    if (parsed.ok) kept.set(parseSourceId(key), parsed.value);
  }
  /** Incarnations that were ended to start the source otherwise. */
  const replaced = new Map<SourceId, number>();
  /** The last incarnation of each that ended otherwise. */
  const lastEnded = new Map<SourceId, number>();
  let declared: readonly DeclaredSource[] = [];
  const watched = new Map<NodeName, () => void>();
  let work: Promise<void> = Promise.resolve();

  /** One thing at a time: what is asked meanwhile comes behind it. */
  function queue(task: () => Promise<void>): Promise<void> {
    work = work
      .then(task)
      .catch((error: unknown) => say(`Cannot keep to the configuration: ${errorText(error)}`));
    return work;
  }

  async function keep(source: SourceId, entry: Kept | null): Promise<void> {
    if (entry === null) kept.delete(source);
    else kept.set(source, entry);
    const change: StateChange =
      entry === null
        ? { type: "delete", kind: "declared", key: source }
        : { type: "put", kind: "declared", key: source, value: entry };
    await state.write([change]);
  }

  async function startOn(node: NodeName): Promise<void> {
    if (!cluster.members.has(node)) return;
    const agent = operator.agent(node);
    const wanted = declared.filter((source) => source.node === node);
    if (wanted.length === 0) return;
    const { ledgers } = await patiently(() => agent.sources());
    const running = new Map(ledgers.map(({ sourceId, incarnation }) => [sourceId, incarnation]));
    watch(node);
    for (const { request } of wanted) {
      const id = parseSourceId(request.id);
      const digest = digestOf(request);
      const before = kept.get(id);
      const isSame = before?.digest === digest && before.node === node;
      if (isSame && (before.ended || running.has(id))) continue;
      try {
        const incarnation = running.get(id);
        if (incarnation !== undefined) {
          replaced.set(id, incarnation);
          await agent.drainSource(id);
        }
        // Ends of those before are known: they were told of before it was answered what runs.
        const endedBefore = lastEnded.get(id);
        await agent.addSource(request);
        await keep(id, { node, digest, ended: lastEnded.get(id) !== endedBefore });
        say(`Source "${id}" of the configuration runs on "${node}"`);
      } catch (error) {
        say(`Cannot start source "${id}" of the configuration on "${node}": ${errorText(error)}`);
      }
    }
  }

  async function endUnnamed(): Promise<void> {
    const named = new Map(declared.map(({ node, request }) => [request.id, node]));
    for (const [id, { node, ended }] of kept) {
      if (named.get(id) === node) continue;
      try {
        if (!ended) await operator.agent(node).drainSource(id);
        await keep(id, null);
        say(`Source "${id}" is no longer in the configuration: it has ended`);
      } catch (error) {
        if (isMissing(error)) await keep(id, null);
        else say(`Cannot end source "${id}", which is no longer in the configuration: ${errorText(error)}`);
      }
    }
  }

  /** A source that ends while its node is here has come to its end, or was ended. */
  function watch(node: NodeName): void {
    if (watched.has(node)) return;
    watched.set(
      node,
      // Before it answers which sources run.
      operator.agent(node).watchEvents(
        (event) => {
          if (event.type !== "sourceEnded" || event.goesOn === true) return;
          const { sourceId, ledger } = event;
          const entry = kept.get(sourceId);
          if (replaced.get(sourceId) === ledger.incarnation) return;
          lastEnded.set(sourceId, ledger.incarnation);
          if (entry?.node !== node) return;
          // At once: what is queued already must not start it again.
          const ended = { ...entry, ended: true };
          kept.set(sourceId, ended);
          void queue(async () => {
            if (kept.get(sourceId) === ended) await keep(sourceId, ended);
          });
        },
        { unchecked: true },
      ),
    );
  }

  cluster.subscribe((event) => {
    if (!("member" in event)) return;
    const { name } = event.member;
    if (event.type === "memberUp") void queue(() => startOn(name));
    if (event.type === "memberUp" || event.type === "memberLeaving") return;
    watched.get(name)?.();
    watched.delete(name);
  });

  return {
    declare(sources) {
      return queue(async () => {
        declared = sources;
        await endUnnamed();
        for (const node of new Set(sources.map((source) => source.node))) await startOn(node);
      });
    },
  };
}

/** A node that has just come, or is busy, answers late. */
async function patiently<Reply>(ask: () => Promise<Reply>): Promise<Reply> {
  for (let left = ATTEMPTS - 1; ; left--) {
    try {
      return await ask();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

function digestOf(request: SourceRequest): string {
  return createHash("sha256").update(JSON.stringify(request)).digest("base64url");
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "source-missing";
}
