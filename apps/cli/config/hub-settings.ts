/** What a hub is started with: its command line before its file, and its file before the defaults. */

import type { RetentionOptions } from "../../../src/actors/protocol/distributor.js";
import type { SourcePolicy } from "../../../src/actors/generator/source-policy.js";
import type { LogLevel } from "../../../src/runtime/log.js";
import { SluiceError } from "../../../src/task/errors.js";
import { HUB_DEFAULTS } from "../hub-defaults.js";
import type { HubCommand } from "../hub-command.js";
import { sourcePolicyGiven } from "../source-flags.js";
import { parseHostPort } from "../units.js";
import type { HubFile } from "./hub-form.js";
import { nodeSettings, retentionOf, type FileSettings } from "./node-settings.js";
import type { ReadHubFile } from "./read-hub-file.js";

export interface HubSettings {
  readonly name: string;
  readonly cluster: string;
  /** `ws://HOST:PORT` or `wss://HOST:PORT`. */
  readonly listen: string;
  readonly store: string;
  readonly journal: string;
  readonly modelDir: string | null;
  readonly services: readonly string[];
  readonly policyFiles: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** In ms. */
  readonly tokenTtl: number;
  readonly logLevel: LogLevel;
  readonly retention: RetentionOptions;
  readonly sourcePolicy: Partial<SourcePolicy>;
  readonly node: FileSettings;
}

/** @throws SluiceError `configuration-invalid` where the file's address is none */
export function hubSettings(command: HubCommand, read: ReadHubFile | null): HubSettings {
  const file: HubFile = read?.values ?? {};
  const store = command.store ?? file.store ?? HUB_DEFAULTS.store;
  const tlsCert = command.tlsCert ?? file.tls?.certificate;
  const tlsKey = command.tlsKey ?? file.tls?.key;
  const policyFiles = command.policies === undefined ? (file.policies?.files ?? []) : [command.policies];
  return {
    name: command.name ?? file.name ?? HUB_DEFAULTS.name,
    cluster: command.cluster ?? file.cluster ?? HUB_DEFAULTS.cluster,
    listen: command.listen ?? listenOf(file.listen ?? HUB_DEFAULTS.listen, tlsCert !== undefined),
    store,
    journal: command.journal ?? file.journal ?? (store === "memory:" ? store : `${store}.journal`),
    modelDir: command.modelDir ?? file.models ?? null,
    services: file.services ?? [],
    policyFiles,
    ...(tlsCert !== undefined && { tlsCert }),
    ...(tlsKey !== undefined && { tlsKey }),
    tokenTtl: command.tokenTtl ?? file.tokenTtl ?? HUB_DEFAULTS.tokenTtlMs,
    logLevel: command.logLevel ?? file.logLevel ?? HUB_DEFAULTS.logLevel,
    retention: retentionGiven(command, file),
    sourcePolicy: { ...sourcePolicyIn(file), ...sourcePolicyGiven(command) },
    node: nodeSettings(file),
  };
}

export function retentionGiven({ keep, keepRecords }: HubCommand, file: HubFile): RetentionOptions {
  return {
    ...retentionOf(file),
    ...(keep !== undefined && { ageMsMax: keep }),
    ...(keepRecords !== undefined && { recordsMax: keepRecords }),
  };
}

/** A file that the configuration itself names as a source may be opened, too. */
function sourcePolicyIn({ operators = {}, sources = [] }: HubFile): Partial<SourcePolicy> {
  const files = sources.map(({ source }) => source).filter((source) => source.startsWith("/"));
  const { folders = [], hosts, kinds } = operators;
  return {
    folders: [...folders, ...files],
    ...(hosts !== undefined && { hosts }),
    ...(kinds !== undefined && { kinds }),
  };
}

function listenOf(text: string, secure: boolean): string {
  const address = parseHostPort(text, secure);
  if (address !== null) return address;
  throw new SluiceError(`Cannot listen at ${JSON.stringify(text)}, as "listen" says: wanted HOST:PORT`, {
    code: "configuration-invalid",
  });
}
