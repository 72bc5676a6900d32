/**
 * A member with a key of its own that lies: it joins as any edge does, and then says of others' tasks, of itself and of the
 * cluster whatever chance has it say, in bursts too.
 *
 * It knows the honest sources, which task each is at, and every address. It has no task of theirs, and so no voucher: whoever
 * runs a stage is believed for that stage. At a third node's edge it leaves their tasks alone (`docs/security.md`).
 */

import { createVouch } from "../../node/vouching.js";
import { silentLogger } from "../../runtime/log.js";
import { nodeSystem } from "../../runtime/node-system.js";
import { createActorSystem, type ActorSystem } from "../../runtime/system.js";
import type { Vouch } from "../../task/voucher.js";
import type { Cluster } from "../../transport/cluster/cluster.js";
import { joinCluster } from "../../transport/cluster/joiner.js";
import type { LinkLimits } from "../../transport/link/link-limits.js";
import { HUB } from "../host-names.js";
import type { Network } from "../network.js";
import { createPrng, type Prng } from "../prng.js";
import { SimulatedProcess } from "../simulated-process.js";
import type { SimulatedTokens } from "../simulated-tokens.js";
import type { VirtualTime } from "../virtual-time.js";
import { claimedClosing, claimedDrop, claimedTask, originOf, vouchedBy, type ClaimedId } from "./claims.js";
import { lie, type RefTo } from "./lie.js";
import { selfMessages } from "./self-messages.js";
import type { Sightings } from "./sightings.js";

/** Names of hostile members and of their sources begin so, and no others do. */
export const HOSTILE = "hostile-";

export interface HostileOptions {
  readonly time: VirtualTime;
  readonly network: Network;
  readonly sightings: Sightings;
  readonly link: Partial<LinkLimits>;
  /** Null where whoever comes may join. */
  readonly tokens: SimulatedTokens | null;
}

type Tell = (target: string, message: unknown) => void;
/** One thing that it does. */
type Act = () => void;

/** Between two things that it does, in ms. */
const PAUSE_MS = { from: 20, to: 400 };
/** Messages of a burst: what its share of a link and of the hub's room takes, and more. */
const BURST = 80;
const SECRET_BYTES = 32;
/** How far ahead of an honest source it claims tasks. */
const AHEAD_MAX = 40;

/**
 * Has one join. Everything that it does is drawn from `seed`.
 *
 * @returns ends its process
 */
export function letHostileIn(
  { time, network, sightings, link, tokens }: HostileOptions,
  seed: number,
): () => void {
  const prng = createPrng(seed);
  const name = `${HOSTILE}${seed % 1_000_000}`;
  const process = new SimulatedProcess(time, 0);
  const ids = prng.fork();
  const randomId = (): number => 1 + Math.floor(ids.next() * 2 ** 50);
  const system = createActorSystem({
    name,
    clock: process.clock,
    executor: process.executor,
    random: () => ids.next(),
    firstId: randomId(),
    askId: randomId,
    log: silentLogger,
    onFailure: () => {},
  });
  process.onKilled(() => nodeSystem(system).abandon());
  const joining = joinCluster(system, {
    carrier: network.carrierOf(name, process),
    connect: { url: `memory://${HUB}` },
    token: tokens?.tokenOf(name, "edge", Infinity) ?? null,
    roles: ["edge"],
    patient: true,
    nonce: () => `nonce-${randomId()}-${randomId()}`,
    pid: 1,
    limits: link,
  });
  void live(process, { prng, name, system, sightings }, joining);
  return () => process.kill();
}

/** Once it is in, it acts until its process is killed. */
async function live(
  process: SimulatedProcess,
  self: Omit<Actor, "vouch">,
  joining: Promise<Cluster>,
): Promise<void> {
  let cluster: Cluster;
  try {
    cluster = await joining;
  } catch {
    // Refused, or killed before it was in.
    return;
  }
  const vouch = createVouch(() => cluster.secret ?? new Uint8Array(SECRET_BYTES));
  actOn(process, self.prng, actsOf({ ...self, vouch }));
}

/** Does one thing after the other for as long as its process lives. */
function actOn(process: SimulatedProcess, prng: Prng, acts: readonly Act[]): void {
  process.clock.after(prng.between(PAUSE_MS.from, PAUSE_MS.to), () => {
    prng.pick(acts)();
    actOn(process, prng, acts);
  });
}

interface Actor {
  readonly prng: Prng;
  readonly name: string;
  readonly system: ActorSystem;
  readonly sightings: Sightings;
  readonly vouch: Vouch;
}

function actsOf(actor: Actor): readonly Act[] {
  const { prng, name, system, sightings, vouch } = actor;
  const ref: RefTo = (address) => system.resolve(address);
  /** Every third message has something in it replaced. */
  const tell: Tell = (target, message) => {
    const said = prng.happens(0.3) ? lie(prng, message, ref) : message;
    system.resolve<unknown>(`sluice://${target}`).tell(said, prng.happens(0.2) ? "control" : "data");
  };
  let sequence = 0;

  function ofAnother(): { readonly id: ClaimedId; readonly home: string; readonly task: object } | null {
    const seen = sightings.pick(prng);
    if (seen === null) return null;
    const id = { ...seen.id, sequence: seen.id.sequence + prng.between(0, AHEAD_MAX) };
    const origin = originOf(prng.happens(0.5) ? seen.home : name, id);
    const task = claimedTask(prng, id, { pipeline: seen.pipeline, nowMs: system.clock.now(), origin });
    return { id, home: seen.home, task: prng.happens(0.7) ? vouchedBy(vouch, { ...task }) : task };
  }

  function ofItsOwn(): object | null {
    const seen = sightings.pick(prng);
    if (seen === null) return null;
    const id = { sourceId: `${name}-${prng.between(1, 3)}`, incarnation: 1, sequence: (sequence += 1) };
    const origin = originOf(name, id);
    const given = { pipeline: seen.pipeline, nowMs: system.clock.now(), origin };
    return vouchedBy(vouch, { ...claimedTask(prng, id, given) });
  }

  return [
    function storeAnothers() {
      const claimed = ofAnother();
      if (claimed !== null) tell(`${HUB}/distributor`, { type: "store", task: claimed.task });
    },
    function dropAnothers() {
      const claimed = ofAnother();
      if (claimed === null) return;
      const drop = claimedDrop(prng, { ...claimed.task }, prng.pick([name, claimed.home]));
      tell(`${HUB}/distributor`, { type: "recordDrop", drop });
    },
    function closeAnothers() {
      const claimed = ofAnother();
      if (claimed === null) return;
      const origin = originOf(prng.pick([name, claimed.home]), claimed.id);
      const closing = claimedClosing(prng, claimed.id, origin);
      tell(`${HUB}/distributor`, { type: "recordClosing", closing: vouchedBy(vouch, { ...closing }) });
    },
    function submitAnothers() {
      const claimed = ofAnother();
      if (claimed === null) return;
      const forwarded = prng.pick([{}, { forwarded: prng.between(0, 1_000) }]);
      tell(`${prng.pick([HUB, claimed.home])}/controller`, {
        type: "submit",
        task: claimed.task,
        ...forwarded,
      });
    },
    function abandonAnothers() {
      const claimed = ofAnother();
      if (claimed === null) return;
      const { pipelineId, pipelineVersion, pins, delivery } = { ...claimed.task } as Record<string, unknown>;
      const message = { type: "abandon", id: claimed.id, delivery, pipelineId, pipelineVersion, pins };
      tell(`${prng.pick([HUB, claimed.home])}/controller`, message);
    },
    function settleAnothers() {
      const claimed = ofAnother();
      if (claimed === null) return;
      const { id, home } = claimed;
      const generator = `${home}/source-${id.sourceId}`;
      tell(generator, { type: "taskSettled", id, outcome: { status: "stored" } });
      tell(generator, { type: "undelivered", id });
      tell(generator, { type: "drain" });
    },
    function sayOfItself() {
      const [target, message] = prng.pick(selfMessages({ prng, name, ref, nowMs: system.clock.now() }));
      tell(target, message);
    },
    function walkOddly() {
      const task = ofItsOwn();
      if (task !== null) tell(`${HUB}/controller`, { type: "submit", task });
    },
    function endItsOwn() {
      const task = ofItsOwn();
      if (task === null) return;
      tell(`${HUB}/distributor`, { type: "store", task });
      const drop = vouchedBy(vouch, { ...claimedDrop(prng, { ...task }, name) });
      tell(`${HUB}/distributor`, { type: "recordDrop", drop });
    },
    function flood() {
      for (let n = 0; n < BURST; n += 1) {
        const task = ofItsOwn();
        if (task !== null) tell(`${HUB}/controller`, { type: "submit", task });
      }
    },
    function guess() {
      for (let n = 1; n < 20; n += 1) tell(`${HUB}/$ask/${n}`, { type: "policySet", sourceId: "cam-1" });
    },
  ];
}
