/** `sluice hub`: a cloud node that others join. */

import { networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import { SluiceError } from "../../src/task/errors.js";
import { openStore } from "../../src/storage/results/open-store.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import { SERVICES } from "../../src/services/catalogue.js";
import { systemClock } from "../../src/runtime/clock.js";
import { createLogger, type LogLevel } from "../../src/runtime/log.js";
import { isLoopback } from "../../src/transport/carriers/ws.js";
import { openTokenDirectory } from "../../src/transport/security/token-directory.js";
import { createWeb } from "../../src/web/web.js";
import { checkModelDir } from "../start/inputs.js";
import { sayDamage } from "../damage.js";
import { sayFailures } from "../failures.js";
import { followPolicyFile } from "./policy-file.js";
import { keepFilesPrivate, readNamed } from "./files.js";
import { removeOperator, tokensFolder, writeOperator } from "./hub-folder.js";
import { makeHubTokens, revokeOperatorToken, type JoinToken } from "./hub-tokens.js";
import { describeCluster, describeNode, describeSchedule } from "./describe.js";
import { formatDuration } from "./units.js";
import { openInBrowser, PAGE_FOLDER, pageLink } from "../page-link.js";
import { atMost, signalled } from "../program.js";
import { sourcePolicyGiven, type SourceFlags } from "./source-flags.js";
import { err, out } from "../terminal.js";

export interface HubCommand extends SourceFlags {
  /** For how long results are kept, in ms. Default: for ever. */
  readonly keep?: number;
  /** The newest results that are kept. Default: all. */
  readonly keepRecords?: number;
  readonly listen: string;
  readonly store: string;
  readonly name: string;
  readonly cluster: string;
  readonly modelDir: string | null;
  /** File with policies of one's own. */
  readonly policies?: string;
  readonly journal?: string;
  readonly forget: boolean;
  /** Opens the page in a browser. */
  readonly open: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tokenTtl: number;
  readonly logLevel: LogLevel;
  readonly version: string;
}

const LEAVE_MS = 3_000;

/** @returns the exit code */
export async function hub(command: HubCommand): Promise<number> {
  const { store: folder, name, cluster, modelDir } = command;
  keepFilesPrivate();
  const tls = await tlsOf(command);
  await checkModelDir(modelDir);
  const store = await openStore(folder, { onDamage: sayDamage(folder) });
  const tokens = tokensFolder(folder);
  let node: SluiceNode | null = null;
  let unfollow = (): void => {};
  const over: { failure: Error | null; finish: () => void } = { failure: null, finish: () => {} };
  const ended = signalled({ byHangup: command.policies === undefined });
  try {
    const made = await makeHubTokens(tokens, command.tokenTtl, Date.now());
    const failed = new Promise<void>((resolve) => (over.finish = resolve));
    const authority = openTokenDirectory(tokens);
    const log = createLogger({ level: command.logLevel });
    const web = createWeb({
      tokens: authority,
      page: fileURLToPath(PAGE_FOLDER),
      clock: systemClock,
      log,
      version: command.version,
    });
    const journal = command.journal ?? (folder === "memory:" ? folder : `${folder}.journal`);
    node = await startNode({
      ...(journal !== "memory:" && { journal, forget: command.forget }),
      name,
      cluster,
      store,
      modelDir,
      listen: { url: command.listen, http: web.http, ...(tls && { tls }) },
      tokens: authority,
      services: SERVICES,
      ...(command.policies !== undefined && { policyFiles: [command.policies] }),
      retention: {
        ...(command.keep !== undefined && { ageMsMax: command.keep }),
        ...(command.keepRecords !== undefined && { recordsMax: command.keepRecords }),
      },
      sourcePolicy: sourcePolicyGiven(command),
      version: command.version,
      log,
      onOutcome: web.onOutcome,
      onEvent(event) {
        web.onEvent(event);
        say(describeNode(event));
      },
      onCluster: (event) => say(describeCluster(event, name)),
      onSchedule(event) {
        web.onEvent(event);
        say(describeSchedule(event));
      },
      onFailure(error) {
        over.failure = error;
        over.finish();
      },
    });
    const { system, cluster: joined } = node;
    if (joined !== null) await web.open({ system, cluster: joined, storeFailure: () => store.failure });
    const url = joined?.url ?? command.listen;
    await writeOperator(folder, { url, token: made.operator, authorities: tls?.certificate ?? null });
    greet(command, url, made.join);
    if (joined !== null) {
      const link = pageLink(url, web.newCode());
      say(`See and steer it, in a browser of this machine: ${link}`);
      if (command.open) openInBrowser(link, (why) => err.line(`warning: ${why}`));
    }
    if (command.policies !== undefined) unfollow = followPolicyFile(command.policies, () => reload(node));
    sayFailures(store, say);
    await Promise.race([ended, failed]);
    if (over.failure !== null) throw over.failure;
    say("Stopping: results that are stored are kept");
    return 0;
  } finally {
    unfollow();
    await atMost(LEAVE_MS, node?.terminate() ?? Promise.resolve());
    // One that could not be revoked here is at the next start.
    await revokeOperatorToken(tokens, Date.now()).catch(() => {});
    await removeOperator(folder);
    await store.close();
  }
}

async function reload(node: SluiceNode | null): Promise<void> {
  await node?.reloadPolicies();
}

function greet({ name, store, tokenTtl }: HubCommand, url: string, token: JoinToken): void {
  const reached = reachableUrl(url);
  const how =
    token.type === "made"
      ? `Join another node within ${formatDuration(tokenTtl)}:\n` +
        `  SLUICE_TOKEN=${token.token} npx sluice join ${reached} --name edge-1`
      : `Join another node within ${formatDuration(token.forMs)} with the token ${token.id}, or make one:\n` +
        `  npx sluice token create --store ${store}\n` +
        `  SLUICE_TOKEN=ID.SECRET npx sluice join ${reached} --name edge-1`;
  say(`Hub "${name}" at ${url}, results in ${store === "memory:" ? "memory" : store}`);
  out.lines(how);
  if (!isLoopback(url) && url.startsWith("ws:")) {
    err.line("warning: traffic is not encrypted: name a certificate with --tls-cert and --tls-key");
  }
}

/** An address at which others reach a hub that listens on all addresses of its machine. */
function reachableUrl(url: string): string {
  if (!/:\/\/(?:0\.0\.0\.0|\[::\])/.test(url)) return url;
  const own = Object.values(networkInterfaces())
    .flat()
    .find((address) => address !== undefined && !address.internal && address.family === "IPv4");
  return url.replace(/0\.0\.0\.0|\[::\]/, own?.address ?? "127.0.0.1");
}

async function tlsOf({
  tlsCert,
  tlsKey,
  listen,
}: HubCommand): Promise<{ readonly certificate: string; readonly key: string } | null> {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined || !listen.startsWith("wss:")) {
    throw new SluiceError("Cannot use TLS: it needs --tls-cert, --tls-key and --listen wss://HOST:PORT", {
      code: "configuration-invalid",
    });
  }
  const [certificate, key] = await Promise.all([
    readNamed(tlsCert, "--tls-cert", "listen-failed"),
    readNamed(tlsKey, "--tls-key", "listen-failed"),
  ]);
  return { certificate, key };
}

function say(line: string | null): void {
  if (line !== null) out.line(line);
}
