/** Plays attacks one after the other, and judges each: whether it held, and whether anybody was disturbed. */

import { Breach, type Attack, type ClusterAttack, type LoneAttack } from "./attack.js";
import type { Line } from "./follower.js";
import { COUNTED_AS } from "../counted-as.js";
import { countsOf, growth, untilCounted, type Counts } from "./counts.js";
import type { HonestReport } from "./honest-node.js";
import { peakBytes, resetPeak } from "./proc.js";
import { inScene, type Scene } from "./scene.js";
import { inWorkshop } from "./workshop.js";

export interface Outcome {
  readonly attack: Attack;
  /** Null where it held; else what the attack has got. */
  readonly breach: string | null;
  /** What was refused or dropped meanwhile, as the nodes count it. */
  readonly counted: Counts;
  readonly hubPeakBytes: number;
  /** Of the honest tasks meanwhile, from the source to stored, in ms. */
  readonly latencyMs: readonly number[];
  /** The same of those before the first attack of its scene; empty of every other attack. */
  readonly calmMs: readonly number[];
}

/** The hub may hold no more, whatever is done to it. */
export const HUB_BYTES_MAX = 600 * 1024 * 1024;
/** Until here a scene starts its processors. */
const CALM_FROM = 10;
const GOES_ON_TASKS = 3;
const GOES_ON_MS = 12_000;
const REPORT_MS = 20_000;
/** At what is counted of an attack, until it is there. */
const LOOKS_MAX = 200;
/**
 * Plays all of them. One that succeeds is played again in a scene of its own, and that one counts: a machine that is short of
 * breath puts members out, too.
 */
export async function playAll(
  attacks: readonly Attack[],
  tell: (outcome: Outcome, again: boolean) => void = () => {},
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const again: Attack[] = [];
  const take = (outcome: Outcome): void => {
    outcomes.push(outcome);
    tell(outcome, false);
  };
  await playRound(attacks, (outcome) => {
    if (outcome.breach === null) {
      take(outcome);
      return;
    }
    again.push(outcome.attack);
    tell(outcome, true);
  });
  for (const attack of again) await playRound([attack], take);
  return outcomes;
}

async function playRound(attacks: readonly Attack[], take: (outcome: Outcome) => void): Promise<void> {
  for (const attack of attacks) if (attack.against === "program") take(await playAlone(attack));
  const all = attacks.filter((attack) => attack.against === "cluster");
  for (const web of [false, true])
    await playScenes(
      all.filter((attack) => (attack.web ?? false) === web),
      web,
      take,
    );
}

async function playScenes(
  attacks: readonly ClusterAttack[],
  web: boolean,
  take: (outcome: Outcome) => void,
): Promise<void> {
  const left = [...attacks];
  // An attack that has broken the cluster ends the scene: the rest goes on in another one.
  while (left.length > 0) {
    await inOpenScene(web, async (scene) => {
      let first = true;
      for (let attack = left.shift(); attack !== undefined; attack = left.shift()) {
        const { outcome, usable } = await playOne(scene, attack, first);
        first = false;
        take(outcome);
        if (!usable) return;
      }
    });
  }
}

const OPENINGS_MAX = 3;

/** A machine that is short of breath may put somebody out before there is any attack. */
async function inOpenScene(web: boolean, work: (scene: Scene) => Promise<void>): Promise<void> {
  for (let opening = 1; ; opening += 1) {
    const state = { opened: false };
    try {
      await inScene({ web }, async (scene) => {
        state.opened = true;
        await work(scene);
      });
      return;
    } catch (error) {
      if (state.opened || opening === OPENINGS_MAX) throw error;
    }
  }
}

async function playAlone(attack: LoneAttack): Promise<Outcome> {
  const breach = await inWorkshop((workshop) => breachOf(() => attack.play(workshop)));
  return { attack, breach, counted: {}, hubPeakBytes: 0, latencyMs: [], calmMs: [] };
}

/** What an attack trips over while all falls to pieces is as good as what it wanted. */
async function breachOf(play: () => Promise<void>): Promise<string | null> {
  try {
    await play();
    return null;
  } catch (error) {
    const [text = "unknown"] = (error instanceof Error ? error.message : String(error)).split("\n");
    return error instanceof Breach ? text : `it came to an end of its own: ${text}`;
  }
}

async function playOne(
  scene: Scene,
  attack: ClusterAttack,
  first: boolean,
): Promise<{ readonly outcome: Outcome; readonly usable: boolean }> {
  const before = await reportsOf(scene);
  const scoutBefore = scoutCounts(scene);
  const countedSince = (reports: typeof before): Counts =>
    growth([...before.map(countsOrNull), scoutBefore], [...reports.map(countsOrNull), scoutCounts(scene)]);
  const from = scene.follower.lines.length;
  const calm = first ? scene.follower.lines.slice(CALM_FROM) : [];
  resetPeak(scene.hub.pid);
  let breach = await breachOf(() => attack.play(scene));
  if (breach === null) {
    await untilCounted(COUNTED_AS.get(attack.id) ?? [], LOOKS_MAX, async () => {
      const reports = await reportsOf(scene);
      return reports.includes(null) ? null : countedSince(reports);
    });
  }
  await scene.clear();
  const disturbed = await disturbance(scene);
  const hubPeakBytes = peakBytes(scene.hub.pid);
  const after = disturbed === null ? await reportsOf(scene) : null;
  const counted = after === null ? {} : countedSince(after);
  breach =
    disturbed ??
    breach ??
    failed(before, after) ??
    (hubPeakBytes > HUB_BYTES_MAX ? `the hub held ${Math.round(hubPeakBytes / 1024 / 1024)} MiB` : null) ??
    uncounted(attack, counted);
  const latencyMs = latenciesOf(scene.follower.lines.slice(from));
  return {
    outcome: { attack, breach, counted, hubPeakBytes, latencyMs, calmMs: latenciesOf(calm) },
    usable: disturbed === null && hubPeakBytes <= HUB_BYTES_MAX,
  };
}

function latenciesOf(lines: readonly Line[]): readonly number[] {
  return lines
    .filter(({ type }) => type === "result")
    .map(({ storedAtMs, sourceAtMs }) => storedAtMs - sourceAtMs);
}

/** Whether somebody honest is gone, or stands still. */
async function disturbance(scene: Scene): Promise<string | null> {
  const goesOn = scene.goesOn(GOES_ON_TASKS, GOES_ON_MS).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : "the stream stands still"),
  );
  const stream = await Promise.race([
    goesOn,
    ...[scene.hub, ...scene.edges].map(({ gone }) => gone.then(() => "somebody is gone")),
  ]);
  for (const { name, ended, told } of [scene.hub, ...scene.edges]) {
    if (ended !== null) return `${name} ended: ${ended}`;
    const refused = told.find(({ type }) => type === "refused");
    if (refused !== undefined) return `${name} was put out: ${String(refused["message"])}`;
  }
  if (scene.follower.ended !== null) return `the operator who follows ended: ${scene.follower.ended}`;
  if (stream !== null) return stream;
  if (!scene.scout.cluster.connected) return "an operator was cut off";
  const [first, ...rest] = scene.follower.lines.map(({ position }) => position);
  let last = first ?? 0;
  for (const position of rest) {
    if (position <= last) return "the operator who follows was told records out of order";
    last = position;
  }
  return null;
}

async function reportsOf({ hub, edges }: Scene): Promise<readonly (HonestReport | null)[]> {
  const late = new Promise<null>((resolve) => void setTimeout(resolve, REPORT_MS, null).unref());
  return Promise.all([hub, ...edges].map((node) => Promise.race([node.report().catch(() => null), late])));
}

/** What component failed meanwhile, and on what. */
function failed(
  before: readonly (HonestReport | null)[],
  after: readonly (HonestReport | null)[] | null,
): string | null {
  for (const [at, report] of (after ?? []).entries()) {
    if (report === null) return "a node does not say how it is";
    const letters = (report.deadLetters["failed"] ?? 0) - (before[at]?.deadLetters["failed"] ?? 0);
    const known = before[at]?.failures.length ?? 0;
    const failures = report.failures.slice(known);
    if (letters > 0 || failures.length > 0)
      return `an actor failed: ${failures[0] ?? "unknown"}`.slice(0, 160);
  }
  return null;
}

/** What of the reasons for which it was to be refused nobody has counted: it may have come to nothing by chance. */
function uncounted({ id }: ClusterAttack, counted: Counts): string | null {
  const missing = (COUNTED_AS.get(id) ?? []).filter((kind) => (counted[kind] ?? 0) === 0);
  if (missing.length === 0) return null;
  return `nobody has counted it as ${missing.join(", ")}: it was ${Object.keys(counted).join(", ") || "nothing"}`;
}

function countsOrNull(report: HonestReport | null): Counts | null {
  return report === null ? null : countsOf(report);
}

/** An honest operator's, who is in this process. */
function scoutCounts({ scout }: Scene): Counts {
  const { cluster, system } = scout;
  return countsOf({
    type: "report",
    security: cluster.security,
    deadLetters: system.deadLetters.countByReason,
    dropped: {},
    store: {},
    failures: [],
    members: [],
  });
}
