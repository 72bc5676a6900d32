/** `sluice` from several terminals, as a user types it. */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { StoredRecord } from "../../src/task/record.js";
import { runSluice, startSluice, type Ended, type Program } from "../support/program.js";
import { sluiceHere } from "../support/sluice-here.js";
import { within } from "../support/within.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-cli-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const store = join(folder, "store");
const PIPELINE = "apps/pipelines/default.yaml";
const SOURCE = "test:320x180@10,duration=4";
/** A source that outlives the test. */
const ENDLESS = "run --source test:320x180@10,duration=1000 --on edge-1 --realtime --pipeline"
  .split(" ")
  .concat(PIPELINE);
/** No hub or token from the environment. */
const env = { SLUICE_HUB: undefined, SLUICE_TOKEN: undefined };
/** Whoever becomes a node is a program of its own. */
const run = (...args: readonly string[]): Promise<Ended> =>
  args[0] === "hub" || args[0] === "join" ? runSluice(args, { env }) : sluiceHere(...args);
const here = (...args: readonly string[]): Promise<Ended> => run(...args, "--store", store);

// These two live as long as all tests here.
const hub = startSluice(["hub", "--listen", "127.0.0.1:0", "--store", store], { env, timeoutMs: 170_000 });
const [, token = "", url = ""] = await hub.prints(
  /SLUICE_TOKEN=(\S+) npx sluice join (ws:\/\/127\.0\.0\.1:\d+) --name edge-1\n/,
);
const edge = startSluice(["join", url, "--name", "edge-1"], {
  env: { ...env, SLUICE_TOKEN: token },
  timeoutMs: 170_000,
});
await edge.prints(/Node "edge-1" has joined "cloud" at ws:.* \(session \d+\), reached through the hub\n/);

async function refused(args: readonly string[], wanted: RegExp, exitCode = 1): Promise<void> {
  const ended = await run(...args);
  assert.is(ended.exitCode, exitCode, ended.stderr);
  assert.match(ended.stderr, wanted);
  assert.is(ended.stdout, "");
  assert.not.match(ended.stderr, token.split(".")[1] ?? "?");
}

async function interrupted(program: Program): Promise<Ended> {
  program.interrupt();
  const ended = await program.ended;
  assert.is(ended.exitCode, 0, ended.stderr);
  assert.equal(ended.leftovers, []);
  return ended;
}

test("sluice hub and join print who they are, and the join command of the next node", async () => {
  await hub.prints(new RegExp(`Hub "cloud" at ${url}, results in ${store}`));
  await hub.prints(/edge-1 has joined \(edge, session \d+\)/);
  const [greeting] = await edge.prints(
    new RegExp(`[^]*SLUICE_TOKEN=ID\\.SECRET npx sluice join ${url} --name edge-2\n`),
  );
  assert.not.match(greeting, token.split(".")[1] ?? "?");
});

test("sluice nodes shows the members, and as JSON", async () => {
  const narrow = await here("nodes");
  assert.match(narrow.stdout, /A wider terminal shows: address, pid/);
  // What is said in sentences a terminal wraps by itself.
  for (const [line] of narrow.stdout.matchAll(/^[┌│├└].*$/gm)) assert.ok(line.length <= 80, line);
  const { stdout } = await runSluice(["nodes", "--store", store], { env: { ...env, COLUMNS: "200" } });
  assert.match(stdout, /│ cloud +│ cloud │ ws:/);
  assert.match(stdout, /│ edge-1 +│ edge +│ through the hub +│/);
  const lines = JSON.parse((await here("nodes", "--json")).stdout) as { name: string; pid: number }[];
  assert.equal(
    lines.map(({ name }) => name),
    ["cloud", "edge-1"],
  );
  assert.is(new Set(lines.map(({ pid }) => pid)).size, 2);
  assert.match((await here("nodes", "--all")).stdout, /operator-/);
});

test("sluice run plays a source on the node that it names, and results, top and export show its results", async () => {
  const ran = await here("run", "--pipeline", PIPELINE, "--source", SOURCE, "--on", "edge-1", "--id", "cam");
  assert.is(ran.exitCode, 0, ran.stderr);
  assert.match(ran.stdout, "cam: ended; 10 tasks, 10 stored, 0 dropped, 0 in flight");
  assert.match(ran.stdout, /│ motion \S+ +│ +\d+ tracks? │ cam +│ 0:0[0-3]\.\d/);
  assert.match(ran.stdout, `See its results with: npx sluice results --store ${store} --source cam`);
  const records = (await here("results", "--source", "cam", "--json", "--oldest-first")).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as StoredRecord);
  assert.equal(
    records.map(({ type, id }) => `${type} ${id.sequence}`),
    [...Array.from({ length: 10 }, (_, sequence) => `result ${sequence}`), "closed 10"],
  );
  const text = await here("results", "--last", "3");
  assert.match(
    text.stdout,
    /^\S+Z {2}cam\/\d+ has ended: 10 tasks, of which 10 were stored\n\S+Z {2}cam 9 {2}at 0:03\.6 {2}.* on edge-1 {2}[\d.]+ ms\n\S+Z {2}cam 8 .*\n$/,
  );
  const labelled = await here("results", "--label", "motion", "--last", "2");
  assert.match(labelled.stdout, /^(\S+Z {2}cam \d .* motion .*\n){2}$/);
  assert.is((await here("results", "--label", "unicorn")).stdout, "");
  const file = join(folder, "out.ndjson.gz");
  assert.match((await here("results", "--export", file)).stderr, "Wrote 11 records");
  assert.is(gunzipSync(readFileSync(file)).toString().trim().split("\n").length, 12, "with the trailer");
  const since = await here("results", "--since", "1h", "--json");
  assert.is(since.stdout.trim().split("\n").length, 11);
  assert.match((await here("results", "--since", "2999-01-01", "--json")).stdout, /^$/);
  const top = await here("top", "--once");
  assert.match(top.stdout, "No source runs", "one that has ended is not among them");
  assert.match(top.stdout, /Routing table \d+ of term 1/);
});

test("sluice results is content with a reader who has seen enough", () => {
  const script = `"${process.execPath}" dist/program/sluice.js results --json --store "${store}" | head -c 100`;
  const { stdout, stderr, status } = spawnSync("bash", ["-o", "pipefail", "-c", script], {
    encoding: "utf8",
  });
  assert.equal([stdout.length, stderr, status], [100, "", 0]);
});

test("sluice run --detach leaves a source running, results --follow shows it live, and its routes are in top", async () => {
  const detached = await here(...ENDLESS, "--id", "live", "--policy", "cloud-only", "--detach");
  assert.match(detached.stdout, "live runs on edge-1\nSee its results with: npx sluice results --store");
  const follower = startSluice(
    ["results", "--follow", "--source", "live", "--json", "--limit", "3", "--store", store],
    { env },
  );
  const followed = await within(20_000, follower.ended);
  assert.is(followed.exitCode, 0, followed.stderr);
  const nodes = followed.stdout
    .trim()
    .split("\n")
    .flatMap((line) => (JSON.parse(line) as { hops: { node: string }[] }).hops.map(({ node }) => node));
  assert.equal([...new Set(nodes)], ["cloud"]);
  // Rates and latencies are there once some tasks are through.
  const figures = /│ default +│ tracks +│ cloud +│ +[\d.]+ │ +[\d.]+ │ +[\d.]+ │ +[\d.]+ │/;
  const shown = async (): Promise<string> => {
    const { stdout } = await here("top", "--once");
    return figures.test(stdout) ? stdout : await shown();
  };
  const top = await within(30_000, shown(), "fps and latency in top");
  assert.match(top, /│ live +│ +[\d.]+ │.*│ motion -> cloud/);
  for (const line of top.split("\n")) assert.ok(line.length <= 80, line);
  const again = await here(
    "run",
    "--pipeline",
    PIPELINE,
    "--source",
    SOURCE,
    "--on",
    "edge-1",
    "--id",
    "live",
  );
  assert.is(again.exitCode, 1);
  assert.match(again.stderr, /one of that name runs/);
});

test("sluice policy has another policy decide for a running source, and says what is wrong with one that cannot", async () => {
  assert.match((await here("policies")).stdout, /cloud-only {2}stages run on the cloud/);
  const names = JSON.parse((await here("policies", "--json")).stdout) as string[];
  assert.ok(names.includes("edge-only"));
  const set = await here("policy", "live", "fixed", "--param", "placement.motion=edge-1");
  assert.equal([set.exitCode, set.stderr], [0, ""]);
  assert.match(set.stdout, "live is decided by fixed: placed as the policy says");
  // It goes there once it is loaded there.
  const moved = async (): Promise<void> => {
    if (!/motion -> edge-1/.test((await here("top", "--once")).stdout)) await moved();
  };
  await within(30_000, moved(), "motion on edge-1");
  for (const [args, exitCode, wanted] of [
    [
      ["live", "fixed", "--param", "placement.motion=edge-9"],
      1,
      /has not joined.*the nodes are cloud, edge-1/,
    ],
    [["live", "fixd"], 1, /no.* of that name \(did you mean "fixed"\?\)/],
    [["lives", "fixed"], 1, /did you mean "live"/],
    [["live", "fixed", "--param", "placement"], 2, /wanted key=value/],
  ] as const) {
    const wrong = await here("policy", ...args);
    assert.equal([wrong.exitCode, wrong.stdout], [exitCode, ""], wrong.stderr);
    assert.match(wrong.stderr, wanted);
  }
  assert.match((await here("top", "--once")).stdout, /motion -> edge-1/, "the one before stays");
  const stopped = await here("stop", "live");
  assert.equal([stopped.exitCode, stopped.stdout], [0, "live is ended on edge-1\n"], stopped.stderr);
});

test("sluice run follows a source until Ctrl-C, which drains it", async () => {
  const program = startSluice([...ENDLESS, "--id", "stopped", "--store", store], { env });
  await program.prints(/stopped: test:320x180/);
  const { stdout } = await interrupted(program);
  assert.match(stdout, /stopped: ended; (\d+) tasks, \1 stored, 0 dropped, 0 in flight/);
});

test("sluice token makes, lists and revokes tokens while the hub runs, and a revoked one puts its nodes out", async () => {
  const made = await here("token", "create", "--single", "--label", "for edge-9", "--ttl", "1h");
  assert.match(
    made.stderr,
    "Valid for one node with the role edge. It admits new nodes for 60 min, and cannot be shown again",
  );
  const text = made.stdout.trim();
  const [id = ""] = text.split(".");
  const other = startSluice(["join", url, "--name", "edge-9"], { env: { ...env, SLUICE_TOKEN: text } });
  await other.prints(/has joined/);
  await refused(["join", url, "--name", "edge-8", "--token", text], /its token was for one node/);
  assert.match((await here("token", "list")).stdout, new RegExp(`│ ${id} │ used +│ edge +│ single .*edge-9`));
  await here("token", "revoke", text);
  const { exitCode, stderr } = await within(20_000, other.ended);
  assert.is(exitCode, 1);
  assert.match(stderr, 'error: Cannot join as "edge-9": its token was revoked');
  const listed = JSON.parse((await here("token", "list", "--json")).stdout) as {
    id: string;
    status: string;
  }[];
  assert.is(listed.find((entry) => entry.id === id)?.status, "revoked");
  const short = (await here("token", "create", "--ttl", "0ms")).stdout.trim();
  await refused(["join", url, "--name", "edge-7", "--token", short], /its token has expired/);
});

test("sluice free says where no node has a source of that name, or such a version", async () => {
  const { exitCode, stderr } = await here("free", "nothing");
  assert.is(exitCode, 1);
  assert.match(stderr, /Cannot free "nothing" as no node has a source of that name/);
  await refused(
    ["free", "nothing@1", "--store", store],
    /Cannot free "nothing@1" as it is no version of a pipeline/,
  );
  await refused(["free", "default@x", "--store", store], /Cannot free "default@x" as it is no version/);
});

test("sluice drain lets a node finish and leave, once its sources have ended", async () => {
  const other = startSluice(["join", url, "--name", "edge-3", "--journal", "memory:"], {
    env: { ...env, SLUICE_TOKEN: token },
  });
  await other.prints(/has joined/);
  await here(...ENDLESS.map((word) => (word === "edge-1" ? "edge-3" : word)), "--id", "drained", "--detach");
  const drained = await here("drain", "edge-3");
  assert.is(drained.exitCode, 0, drained.stderr);
  assert.is(drained.stdout, "edge-3 is drained and has left\n");
  const { exitCode, stdout } = await within(20_000, other.ended);
  assert.is(exitCode, 0);
  assert.match(stdout, /drained: ended; (\d+) tasks, \1 stored, 0 dropped, 0 in flight/);
  assert.not.match((await here("nodes")).stdout, "edge-3");
  assert.match((await here("drain", "edge-3")).stderr, /no node of the cluster/);
  assert.match((await here("drain", "cloud")).stderr, /it is the hub/);
});

test("sluice says what is wrong and how to correct it", async () => {
  const wrong = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
  await refused(
    ["join", url, "--name", "edge-2", "--token", wrong],
    /its token is not known here, or its secret/,
  );
  await refused(["join", url, "--name", "edge-2", "--token", "nonsense"], /wanted "ID\.SECRET"/);
  await refused(["join", url, "--name", "edge-2"], /without a token: have the hub make one/);
  await refused(
    ["join", url, "--name", "edge-1", "--token", token, "--journal", "memory:"],
    /the name belongs to another node/,
  );
  await refused(
    ["join", url, "--name", "edge-1", "--token", token],
    /another process has it: .* with --name/,
  );
  await refused(["join", "ws://127.0.0.1:1", "--name", "x", "--token", token], /nobody listens there/);
  await refused(["join", url, "--name", "e", "--token", token, "--cluster", "other"], /belongs to "sluice"/);
  await refused(["hub", "--listen", url.slice(5), "--store", "memory:"], /the port is taken/);
  await refused(["hub", "--listen", "127.0.0.1:0", "--store", store], /store/);
  await refused(["nodes", "--store", join(folder, "none")], /none runs on this machine/);
  await refused(["nodes", "--hub", url, "--token", token], /does not allow the role "operator"/);
  const file = join(folder, "token");
  writeFileSync(file, `${token}\n`);
  await refused(["nodes", "--hub", url, "--token-file", file], /does not allow the role "operator"/);
  await refused(
    ["nodes", "--hub", url, "--token-file", `${file}-2`],
    /Cannot read .* name a file with --token-file/,
  );
  const at = ["--pipeline", PIPELINE, "--source", SOURCE, "--store", store];
  await refused(
    ["run", ...at, "--on", "edge-5"],
    /no node of the cluster has that name \(did you mean "edge-1"\?\)/,
  );
  await refused(["run", ...at.slice(2), "--pipeline", "none.yaml", "--on", "edge-1"], /no such file/);
  const missing = await here("run", "--pipeline", PIPELINE, "--source", "/no/such.mp4", "--on", "edge-1");
  assert.is(missing.exitCode, 1);
  assert.match(missing.stderr, /^error: Cannot open source "\/no\/such\.mp4" as this node opens files/);
  await refused(["token", "revoke", "aaaaaaaaaa", "--store", store], /no token of that id/);
  const broken = join(folder, "broken.pem");
  writeFileSync(broken, "no certificate");
  const tls = ["--tls-cert", broken, "--tls-key", broken];
  await refused(
    ["hub", "--listen", "wss://127.0.0.1:0", "--store", "memory:", ...tls],
    /certificate and key/,
  );
});

test("sluice exits with 2 after wrong usage, and has help at every level", async () => {
  for (const args of [
    ["unknown"],
    ["hub", "--unknown"],
    ["join"],
    ["join", "nowhere"],
    ["token"],
    ["token", "create", "--ttl", "soon"],
    ["token", "create", "--role", "king"],
    ["run", "--on", "edge-1"],
    ["results", "--limit", "0"],
    ["results", "--last", "3", "--follow"],
    [],
  ]) {
    const { exitCode, stderr } = await run(...args);
    assert.is(exitCode, 2, args.join(" "));
    assert.ok(stderr.length > 0);
  }
  const { stdout: overview } = await run("--help");
  const commands = [...overview.matchAll(/^ {2}([a-z]+) +(?:[[<]|[A-Z])/gm)].map(([, name = ""]) => [name]);
  assert.ok(commands.length > 15, overview);
  const all = [
    ...commands,
    ...["create", "list", "revoke"].map((name) => ["token", name]),
    ["nodes", "forget"],
  ];
  let stdout = "";
  for (const args of all) stdout += (await run(...args, "--help")).stdout;
  for (const args of all) assert.match(stdout, `Usage: sluice ${args.join(" ")} `);
  for (const line of `${overview}${stdout}`.split("\n")) assert.ok(line.length <= 80, line);
  assert.match((await runSluice(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test("a node that is interrupted leaves in order, and so does the hub; results stay readable without it", async () => {
  const operator = join(`${store}.cluster`, "operator.json");
  assert.is(statSync(operator).mode & 0o777, 0o600);
  await interrupted(edge);
  await hub.prints(/edge-1 has left/);
  await interrupted(hub);
  assert.is(existsSync(operator), false);
  const { stdout, exitCode } = await here("results", "--source", "cam", "--json");
  assert.is(exitCode, 0);
  assert.is(stdout.trim().split("\n").length, 11);
  await refused(["nodes", "--store", store], /none runs on this machine/);
  assert.match((await here("nodes", "forget", "edge-1")).stdout, "The name edge-1 is free");
  await refused(["nodes", "forget", "edge-1", "--store", store], /no node has that name here/);
});

test.run();
