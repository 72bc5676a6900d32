/** What a hub does by its configuration file while it runs, and how it takes over what has changed there. */

import { readFile } from "node:fs/promises";
import { errorText } from "../../../src/runtime/errors.js";
import type { SluiceNode } from "../../../src/node/node.js";
import { keepDeclaredSources, type DeclaredSource } from "../../../src/operator/declared-sources.js";
import type { Operator } from "../../../src/operator/operator.js";
import type { Store } from "../../../src/storage/results/store.js";
import type { AlarmHook } from "../../../src/sinks/alarms/alarm-settings.js";
import type { HubAlarms } from "../../../src/sinks/alarms/hub-alarms.js";
import type { Sinks } from "../../../src/sinks/sinks.js";
import { SluiceError } from "../../../src/task/errors.js";
import { parseNodeName } from "../../../src/task/identity.js";
import { err } from "../../terminal.js";
import type { HubCommand } from "../hub-command.js";
import { fileChanges } from "./file-changes.js";
import { retentionGiven } from "./hub-settings.js";
import { fromFolder } from "./setting.js";
import { readHubFile, type ReadHubFile } from "./read-hub-file.js";
import type { SourceEntry } from "./source-form.js";

export interface ConfiguredOptions {
  readonly file: ReadHubFile;
  readonly command: HubCommand;
  readonly node: SluiceNode;
  readonly operator: Operator;
  readonly store: Store;
  readonly sinks: Sinks;
  readonly alarms: HubAlarms;
  readonly say: (line: string) => void;
}

export interface Configured {
  /** Reads the file again: takes over what can change, and says what cannot, or what is wrong with it. */
  reread(): Promise<void>;
}

/** Starts what the file names. */
export async function openConfigured(options: ConfiguredOptions): Promise<Configured> {
  const { command, node, operator, store, sinks, alarms, say } = options;
  const sources = await keepDeclaredSources({ operator, state: store.state, say });
  let file = options.file;

  async function apply(next: ReadHubFile): Promise<void> {
    const declared = await declaredIn(next, node.name);
    await alarms.use(next.values.alarms?.rules ?? [], hooksOf(next));
    await sinks.use(next.values.sinks ?? []);
    node.retain(retentionGiven(command, next.values));
    await sources.declare(declared);
  }

  await apply(file);
  return {
    async reread() {
      try {
        const next = await readHubFile(file.path);
        const { live, later } = fileChanges(file.written, next.written);
        await apply(next);
        // What cannot change now is told again at each reading, until the hub is started again.
        file = next;
        say(
          live.length === 0
            ? `Read "${file.path}" again: nothing that could change now has changed`
            : `Read "${file.path}" again, and took over ${live.join(", ")}`,
        );
        if (later.length > 0)
          err.line(`warning: ${later.join(", ")} will change when this hub is started again`);
      } catch (error) {
        err.line(`error: ${errorText(error)}; what was in force stays`);
      }
    },
  };
}

/** Secrets are files from the folder of the configuration on. */
function hooksOf({ values, folder }: ReadHubFile): readonly AlarmHook[] {
  return (values.alarms?.webhooks ?? []).map(({ url, secret }) => ({
    url,
    ...(secret && { secret: "file" in secret ? { file: fromFolder(folder, secret.file) } : secret }),
  }));
}

async function declaredIn({ values, path }: ReadHubFile, own: string): Promise<readonly DeclaredSource[]> {
  return await Promise.all((values.sources ?? []).map((source) => declaredSource(source, path, own)));
}

async function declaredSource(
  { id, source, pipeline, on, policy, configuration, realtime, limit, window, live }: SourceEntry,
  path: string,
  own: string,
): Promise<DeclaredSource> {
  let text: string;
  try {
    text = await readFile(pipeline, "utf8");
  } catch (error) {
    throw new SluiceError(`${path}: Cannot read the pipeline of source "${id}": ${errorText(error)}`, {
      code: "configuration-invalid",
      cause: error,
    });
  }
  return {
    node: parseNodeName(on ?? own),
    request: {
      id,
      source,
      pipeline: text,
      pipelineName: pipeline,
      configuration,
      policy: policy ?? null,
      paced: realtime,
      limit,
      ...(window && { window }),
      ...(live && { livePolicy: live }),
    },
  };
}
