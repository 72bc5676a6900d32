/** `sluice hub`: a cloud node that others join. */

import { networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import { SluiceError } from "../../src/task/errors.js";
import { openStore } from "../../src/storage/results/open-store.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import { loadServices } from "../../src/services/load-services.js";
import { createOperator } from "../../src/operator/operator.js";
import { systemClock } from "../../src/runtime/clock.js";
import { createLogger } from "../../src/runtime/log.js";
import { isLoopback } from "../../src/transport/carriers/ws.js";
import { openTokenDirectory } from "../../src/transport/security/token-directory.js";
import { createWeb } from "../../src/web/web.js";
import { checkModelDir } from "../start/inputs.js";
import { sayDamage } from "../damage.js";
import { sayFailures } from "../failures.js";
import { readHubFile } from "./config/read-hub-file.js";
import { hubSettings, type HubSettings } from "./config/hub-settings.js";
import { openConfigured } from "./config/configured.js";
import { followFiles, type Reread } from "./follow-files.js";
import { keepFilesPrivate, readNamed } from "./files.js";
import { modelsFolder, removeOperator, tokensFolder, writeOperator } from "./hub-folder.js";
import type { HubCommand } from "./hub-command.js";
import { makeHubTokens, revokeOperatorToken, tokenKeeperOf, type JoinToken } from "./hub-tokens.js";
import { createHubAlarms, type HubAlarms } from "../../src/sinks/alarms/hub-alarms.js";
import { createSinks, type Sinks } from "../../src/sinks/sinks.js";
import { describeAlarm, describeCluster, describeNode, describeSchedule, describeSink } from "./describe.js";
import { formatDuration } from "./units.js";
import { openInBrowser, PAGE_FOLDER, pageLink } from "../page-link.js";
import { atMost, signalled } from "../program.js";
import { err, out } from "../terminal.js";

const LEAVE_MS = 3_000;

/** @returns the exit code */
export async function hub(command: HubCommand): Promise<number> {
  const file = command.config === undefined ? null : await readHubFile(command.config);
  const settings = hubSettings(command, file);
  const { store: folder, name, cluster, modelDir, policyFiles } = settings;
  keepFilesPrivate();
  const tls = await tlsOf(settings);
  await checkModelDir(modelDir);
  const services = await loadServices(settings.services);
  const store = await openStore(folder, { onDamage: sayDamage(folder) });
  const tokens = tokensFolder(folder);
  const library = modelsFolder(folder);
  let node: SluiceNode | null = null;
  let sinks: Sinks | null = null;
  let alarms: HubAlarms | null = null;
  let unfollow = (): void => {};
  const over: { failure: Error | null; finish: () => void } = { failure: null, finish: () => {} };
  const ended = signalled({ byHangup: policyFiles.length === 0 && file === null });
  try {
    const made = await makeHubTokens(tokens, settings.tokenTtl, Date.now());
    const failed = new Promise<void>((resolve) => (over.finish = resolve));
    const authority = openTokenDirectory(tokens);
    const log = createLogger({ level: settings.logLevel });
    const web = createWeb({
      tokens: authority,
      tokenKeeper: tokenKeeperOf(tokens),
      page: fileURLToPath(PAGE_FOLDER),
      clock: systemClock,
      log,
      version: command.version,
    });
    const { journal } = settings;
    node = await startNode({
      ...settings.node,
      ...(journal !== "memory:" && { journal, forget: command.forget }),
      name,
      cluster,
      store,
      modelDir,
      ...(library !== null && { modelLibrary: library }),
      listen: { url: settings.listen, http: web.http, ...(tls && { tls }) },
      tokens: authority,
      services,
      ...(policyFiles.length > 0 && { policyFiles }),
      retention: settings.retention,
      sourcePolicy: settings.sourcePolicy,
      version: command.version,
      log,
      onOutcome(outcome) {
        web.onOutcome(outcome);
        alarms?.settled(outcome);
      },
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
    if (joined !== null) {
      sinks = createSinks({
        system,
        cluster: { name: joined.name, id: await store.identity() },
        state: store.state,
        nextPosition: () => store.nextPosition,
        environment: process.env,
        onEvent(event) {
          web.onEvent(event);
          say(describeSink(event));
        },
      });
      const { reports } = sinks;
      const operator = createOperator(system, joined);
      alarms = createHubAlarms({
        system,
        cluster: { name: joined.name, id: await store.identity() },
        folder: folder === "memory:" ? null : folder,
        environment: process.env,
        audit: async () => (await operator.audit()).findingCount,
        onEvent(event) {
          web.onEvent(event);
          say(describeAlarm(event));
        },
      });
      const { happened } = alarms;
      web.subscribe(({ event }) => happened(event));
      await web.open({
        system,
        cluster: joined,
        storeFailure: () => store.failure,
        sinks: reports,
        nextPosition: () => store.nextPosition,
      });
    }
    const url = joined?.url ?? settings.listen;
    await writeOperator(folder, { url, token: made.operator, authorities: tls?.certificate ?? null });
    greet(settings, url, made.join);
    if (joined !== null) {
      const link = pageLink(url, web.newCode());
      say(`See and steer it, in a browser of this machine: ${link}`);
      if (command.open) openInBrowser(link, (why) => err.line(`warning: ${why}`));
    }
    const configured =
      file === null || joined === null || sinks === null || alarms === null
        ? null
        : await openConfigured({
            sinks,
            alarms,
            file,
            command,
            node,
            operator: createOperator(system, joined),
            store,
            say,
          });
    const reread: Reread[] = [];
    if (configured !== null) reread.push(() => configured.reread());
    unfollow = followFiles(policyFiles, {
      policies: async () => node?.reloadPolicies(),
      others: reread,
    });
    sayFailures(store, say);
    await Promise.race([ended, failed]);
    if (over.failure !== null) throw over.failure;
    say("Stopping: results that are stored are kept");
    return 0;
  } finally {
    unfollow();
    alarms?.close();
    await atMost(LEAVE_MS, sinks?.close() ?? Promise.resolve());
    await atMost(LEAVE_MS, node?.terminate() ?? Promise.resolve());
    // One that could not be revoked here is at the next start.
    await revokeOperatorToken(tokens, Date.now()).catch(() => {});
    await removeOperator(folder);
    await store.close();
  }
}

function greet({ name, store, tokenTtl }: HubSettings, url: string, token: JoinToken): void {
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
}: HubSettings): Promise<{ readonly certificate: string; readonly key: string } | null> {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined || !listen.startsWith("wss:")) {
    throw new SluiceError(
      "Cannot use TLS: it needs --tls-cert, --tls-key (tls in a file) and --listen wss://HOST:PORT",
      {
        code: "configuration-invalid",
      },
    );
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
