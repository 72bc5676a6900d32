/** The sinks of a hub: one supervised actor each, and what it takes to change them while the hub runs. */

import { isDeepStrictEqual } from "node:util";
import type { ActorRef } from "../runtime/actor-ref.js";
import type { ActorSystem } from "../runtime/system.js";
import { assertNever } from "../runtime/errors.js";
import { parseWith, z } from "../runtime/parse.js";
import type { DistributorMessage } from "../actors/protocol/distributor.js";
import type { HubState } from "../storage/hub/hub-state.js";
import { createStateWriter } from "../storage/hub/state-writer.js";
import type { SinkEvent, SinkReport } from "../task/hub-events.js";
import { SluiceError } from "../task/errors.js";
import type { StoredRecord } from "../task/record.js";
import { createFileOutlet } from "./file-outlet.js";
import { createFrigateMessages } from "./frigate-messages.js";
import { createMqttOutlet } from "./mqtt-outlet.js";
import { onvifMessages } from "./onvif-messages.js";
import { inTurn, type Outlet } from "./outlet.js";
import { readSecret } from "./secret.js";
import { createSink, createSinkRetained, type SinkMessage } from "./sink.js";
import { HEADER_VALUE, type SinkSettings } from "./sink-settings.js";
import type { Sampling } from "./traces/trace-of.js";
import { createTracesOutlet, isTraced } from "./traces/traces-outlet.js";
import { createWebhookOutlet } from "./webhook-outlet.js";

export interface SinksOptions {
  readonly system: ActorSystem;
  readonly cluster: { readonly name: string; readonly id: string };
  /** Where positions are kept. */
  readonly state: HubState;
  /** Of the store: where a sink begins that begins now. */
  readonly nextPosition: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onEvent: (event: SinkEvent) => void;
}

export interface Sinks {
  /**
   * These and no others from now on; those that stay as they were go on. A sink goes on where one of its name was.
   *
   * @throws SluiceError `configuration-invalid` of a secret that is missing: all stay as they are
   */
  use(settings: readonly SinkSettings[]): Promise<void>;
  readonly reports: () => readonly SinkReport[];
  close(): Promise<void>;
}

interface Running {
  readonly settings: SinkSettings;
  readonly ref: ActorRef<SinkMessage>;
  readonly outlet: Outlet;
}

const keptForm = z.object({ nextPosition: z.number().int().min(0) });

export function createSinks(options: SinksOptions): Sinks {
  const { system, state, onEvent } = options;
  const writer = createStateWriter(state, { clock: system.clock, log: system.log });
  const running = new Map<string, Running>();
  const reports = new Map<string, SinkReport>();
  const distributor = system.resolve<DistributorMessage>(`sluice://${system.name}/distributor`);

  async function beginning({ name, from }: SinkSettings): Promise<number> {
    const kept = parseWith(keptForm, await state.get("sink", name));
    if (kept.ok) return kept.value.nextPosition;
    return from === "beginning" ? 0 : options.nextPosition();
  }

  async function start(settings: SinkSettings, outlet: Outlet): Promise<void> {
    const { name, type } = settings;
    await writer.written()?.catch(() => {});
    const from = await beginning(settings);
    const keep = (nextPosition: number): void => writer.put("sink", name, { nextPosition });
    // Also of one that has sent nothing yet: it begins here at the next start, too.
    keep(from);
    const behaviour = createSink(
      {
        name,
        kind: type,
        distributor,
        wants: wantedBy(settings),
        batchMax: settings.batch,
        lingerMs: settings.linger,
        deliver: (records) => outlet.deliver(records),
        keep,
        onEvent,
        onReport: (report) => void reports.set(name, report),
      },
      createSinkRetained(from),
    );
    const ref = system.spawn(behaviour, { name: `sink-${name}`, restart: "permanent" });
    running.set(name, { settings, ref, outlet });
  }

  async function stop(name: string): Promise<void> {
    const sink = running.get(name);
    if (sink === undefined) return;
    running.delete(name);
    reports.delete(name);
    await system.stop(sink.ref);
    await sink.outlet.close();
  }

  return {
    async use(wanted) {
      const changed = wanted.filter(
        ({ name, ...rest }) => !isDeepStrictEqual(running.get(name)?.settings, { name, ...rest }),
      );
      // Before any is stopped: a secret may be missing.
      const outlets = await Promise.all(
        changed.map(async (settings) => [settings, inTurn(await outletOf(settings, options))] as const),
      );
      const names = new Set(wanted.map(({ name }) => name));
      for (const name of [...running.keys()].filter((known) => !names.has(known))) await stop(name);
      for (const [settings, outlet] of outlets) {
        await stop(settings.name);
        await start(settings, outlet);
      }
    },
    reports: () => [...reports.values()],
    async close() {
      for (const name of running.keys()) await stop(name);
      await writer.close();
    },
  };
}

function wantedBy(settings: SinkSettings): (record: StoredRecord) => boolean {
  const { sources, records } = settings;
  const types = new Set<string>(records);
  const names = sources === undefined ? null : new Set<string>(sources);
  return (record) =>
    types.has(record.type) &&
    (names === null || names.has(record.id.sourceId)) &&
    (settings.type !== "traces" || isTraced(record, samplingOf(settings)));
}

type TracesSettings = Extract<SinkSettings, { type: "traces" }>;

function samplingOf({ sample, slow }: TracesSettings): Sampling {
  return { sample, slowMs: slow };
}

/** @throws SluiceError `configuration-invalid` of a secret that is missing, or is none for a header */
async function headersOf(
  { name, headers }: TracesSettings,
  environment: SinksOptions["environment"],
): Promise<Readonly<Record<string, string>>> {
  const entries = Object.entries(headers).map(async ([header, value]) => {
    if (typeof value === "string") return [header, value] as const;
    const what = `header "${header}" of sink "${name}"`;
    const secret = await readSecret(value, what, environment);
    if (HEADER_VALUE.test(secret)) return [header, secret] as const;
    throw new SluiceError(`Cannot use the secret of ${what}: wanted printable ASCII on one line`, {
      code: "configuration-invalid",
    });
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function outletOf(
  settings: SinkSettings,
  { cluster, environment, system }: SinksOptions,
): Promise<Outlet> {
  const what = `sink "${settings.name}"`;
  switch (settings.type) {
    case "file":
      return createFileOutlet({ path: settings.path, bytesMax: settings.rotate, keep: settings.keep });
    case "webhook":
      return createWebhookOutlet({
        url: settings.url,
        secret: settings.secret === undefined ? null : await readSecret(settings.secret, what, environment),
        cluster,
        timeoutMs: settings.timeout,
        now: () => system.clock.now(),
      });
    case "mqtt":
      return createMqttOutlet({
        url: settings.url,
        user: settings.user ?? null,
        password:
          settings.password === undefined ? null : await readSecret(settings.password, what, environment),
        clientId: `sluice-${cluster.id.slice(0, 8)}-${settings.name}`.slice(0, 64),
        timeoutMs: settings.timeout,
        messages: mqttMessages(settings),
      });
    case "traces":
      return createTracesOutlet({
        url: settings.url,
        ...samplingOf(settings),
        headers: await headersOf(settings, environment),
        timeoutMs: settings.timeout,
        cluster: { ...cluster, hub: system.name },
        log: system.log,
        now: () => system.clock.monotonic(),
      });
    default:
      return assertNever(settings);
  }
}

function mqttMessages({
  profile,
  prefix,
}: Extract<SinkSettings, { type: "mqtt" }>): (
  record: StoredRecord,
) => readonly { topic: string; payload: string }[] {
  if (profile === "frigate/events") return createFrigateMessages(prefix ?? "frigate");
  return (record) => onvifMessages(record, prefix ?? "sluice");
}
