/** `sluice join`: an edge node of another node's cluster. */

import { join as joinPath } from "node:path";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import type { NodeOptions } from "../../src/node/node-options.js";
import { loadServices } from "../../src/services/load-services.js";
import { createLogger, type LogLevel } from "../../src/runtime/log.js";
import { checkModelDir } from "../start/inputs.js";
import { describeCluster, describeNode } from "./describe.js";
import { keepFilesPrivate, readNamed } from "./files.js";
import { atMost, signalled } from "../program.js";
import { sourcePolicyGiven, type SourceFlags } from "./source-flags.js";
import { createProcessSayer } from "../repeats.js";
import { out } from "../terminal.js";

export interface JoinCommand extends SourceFlags {
  readonly url: string;
  readonly name: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly listen?: string;
  readonly retry: boolean;
  readonly tlsCa?: string;
  readonly modelDir: string | null;
  /** Folder of the models that the hub keeps, and bytes that those may take. */
  readonly fetchedModels?: string;
  readonly fetchedSize?: number;
  readonly cluster?: string;
  /** Modules with services of one's own. */
  readonly services?: readonly string[];
  readonly journal?: string;
  readonly forget: boolean;
  /** Stages that policies may place here, and bytes that those may take. */
  readonly stages?: number;
  readonly replicas?: number;
  readonly stageMemory?: number;
  readonly logLevel: LogLevel;
  readonly version: string;
}

/** Of all models that were fetched. */
const FETCHED_BYTES = 4 * 1_073_741_824;
const DRAIN_MS = 3_000;
const LEAVE_MS = 1_500;

/** @returns the exit code */
export async function join(command: JoinCommand): Promise<number> {
  const { url, name, listen, cluster, modelDir, replicas, stages, stageMemory } = command;
  keepFilesPrivate();
  const token = await tokenOf(command);
  const authorities =
    command.tlsCa === undefined ? undefined : await readNamed(command.tlsCa, "--tls-ca", "connect-failed");
  await checkModelDir(modelDir);
  const services = await loadServices(command.services ?? []);
  const ended = signalled();
  const over: { failure: Error | null; finish: () => void } = { failure: null, finish: () => {} };
  const finished = new Promise<void>((resolve) => (over.finish = resolve));
  const fail = (error: Error): void => {
    over.failure = error;
    over.finish();
  };
  let greeted = false;
  const journal = command.journal ?? joinPath(".sluice", "journal", name);
  const starting = startNode({
    name,
    join: url,
    modelDir,
    ...fetchedModelsOf(command),
    patient: command.retry,
    services,
    sourcePolicy: sourcePolicyGiven(command),
    version: command.version,
    log: createLogger({ level: command.logLevel }),
    ...(journal !== "memory:" && { journal, forget: command.forget }),
    ...(token !== undefined && { token }),
    ...(authorities !== undefined && { authorities }),
    ...(listen !== undefined && { listen }),
    limits: {
      ...(replicas !== undefined && { processor: { replicas } }),
      placement: {
        ...(stages !== undefined && { stagesMax: stages }),
        ...(stageMemory !== undefined && { memoryBytesMax: stageMemory }),
      },
    },
    ...(cluster !== undefined && { cluster }),
    onEvent: (event) => say(describeNode(event), event.type === "sourceStalled"),
    onCluster(event) {
      // Members that were there before it are no news.
      if (greeted || event.type === "cutOff")
        say(describeCluster(event, name), event.type === "cutOff" || event.type === "joined");
      if (event.type === "refused") fail(event.error);
    },
    onFailure: fail,
    onDrained: () => over.finish(),
  });
  const node = await Promise.race([starting, ended.then(() => null)]);
  if (node === null) return 0;
  greet(node, command, token !== undefined);
  greeted = true;
  await Promise.race([ended, finished]);
  repeats.end();
  if (over.failure === null) {
    say(
      "Stopping: waiting for tasks in progress, sources go on with the next start. Press Ctrl-C again to leave at once",
    );
    await atMost(DRAIN_MS, node.drain({ timeoutMs: DRAIN_MS }));
  }
  await atMost(LEAVE_MS, node.terminate());
  if (over.failure !== null) throw over.failure;
  return 0;
}

function greet({ cluster, cloud }: SluiceNode, { name, url }: JoinCommand, withToken: boolean): void {
  const own = cluster?.url === null || cluster === null ? "reached through the hub" : `at ${cluster.url}`;
  // Its own is for nobody to read off a screen or a log.
  const proof = withToken ? "SLUICE_TOKEN=ID.SECRET " : "";
  out.lines(
    `Node "${name}" has joined "${cloud}" at ${url} (session ${cluster?.self.session ?? 0}), ${own}\n` +
      `Join another node:\n  ${proof}npx sluice join ${url} --name ${nextName(name)}`,
  );
}

function fetchedModelsOf({
  fetchedModels,
  fetchedSize,
  name,
}: JoinCommand): Pick<NodeOptions, "fetchedModels"> {
  if (fetchedModels === "none") return {};
  const folder = fetchedModels ?? joinPath(".sluice", "models", name);
  return { fetchedModels: { folder, bytesMax: fetchedSize ?? FETCHED_BYTES } };
}

/** `edge-1` is followed by `edge-2`. */
function nextName(name: string): string {
  const match = /^(.*?)(\d{1,6})$/.exec(name);
  return match === null ? `${name}-2` : `${match[1] ?? ""}${Number(match[2]) + 1}`;
}

async function tokenOf({ token, tokenFile }: JoinCommand): Promise<string | undefined> {
  if (token !== undefined) return token;
  if (tokenFile !== undefined) return (await readNamed(tokenFile, "--token-file", "token-missing")).trim();
  return process.env["SLUICE_TOKEN"];
}

const repeats = createProcessSayer((line) => out.line(line));

/** @param repeated whether the line may come again and again */
function say(line: string | null, repeated = false): void {
  if (line === null) return;
  if (repeated) repeats.say(line);
  else out.line(line);
}
