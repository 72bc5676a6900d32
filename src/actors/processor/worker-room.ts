/**
 * Bounds the workers of a node. Stages come from whoever may register a source, and each has a worker: a thread, with a model.
 *
 * WR1 No more workers than the room has are there at a time, and few of them load: a load takes a core, and the node needs one.
 * WR2 Where it is full, a stage gets one when it has a job, and none before: it takes the place of an idle worker. So a stage
 *     without tasks keeps nobody out. One goes that has had no job yet, else one of the node that has most workers; of these
 *     one without state, else the one that has been idle longest.
 * WR3 Whoever loses its worker so is not told where its service has no state: the next job has one started again. One with
 *     state is as lost as if it had crashed, and its stage begins anew.
 * WR4 Those that wait to load are served by whose job they have, in turn; those that have none yet are one more in that round.
 * WR5 A load that takes so long that it may hang keeps no place of those that load, and whoever has one begins no other one until
 *     it has ended: so hung loads delay others for that long, and each node has one of them.
 */

import type { Clock, TimerHandle } from "../../runtime/clock.js";
import type { Job, StartWorker, WorkerEvent, WorkerSpec, WorkerThread } from "./worker-port.js";
import { Turns } from "./turns.js";

export interface WorkerRoomOptions {
  readonly clock: Pick<Clock, "after">;
  readonly startWorker: StartWorker;
  /** Workers at a time, 1 or more. */
  readonly workersMax: number;
  /** Of these, how many load at a time, 1 or more. */
  readonly loadingMax: number;
  /** A worker has ended so that another one has its place. */
  readonly onEvicted: (name: string) => void;
}

/** What its processor takes for a worker. */
interface Place {
  readonly spec: WorkerSpec;
  readonly listener: (event: WorkerEvent) => void;
  /** Null while it has no place. */
  thread: WorkerThread | null;
  /** Its job is with the thread, or waits for one. */
  busy: boolean;
  /** For the thread, once there is one. */
  job: Job | null;
  /** Whose job it had last; null where it has had none. */
  owner: string | null;
  /** Of the model that its processor was told that it has. */
  version: string | undefined;
  /** What its processor was told: that it has loaded, or that it will once it has a place. Neither is told again. */
  told: "nothing" | "placeless" | "loaded";
  /** No event follows. */
  over: boolean;
}

interface Load {
  /** Whose turn it was. */
  readonly owner: string;
  overdue: boolean;
  readonly timer: TimerHandle;
}

/** Of a load: large models on a slow disk take a few seconds. */
const LOAD_MS = 5_000;

/** In the round of those that wait; no node is called so. */
const WITHOUT_JOB = "*";

export function createWorkerRoom(options: WorkerRoomOptions): StartWorker {
  const { clock, startWorker, workersMax, loadingMax, onEvicted } = options;
  /** Those with a thread; the one that has been idle longest first. */
  const placed = new Set<Place>();
  /** Those of them whose thread has said nothing yet, with whose turn it was. */
  const loading = new Map<Place, Load>();
  /** Those without a thread that are to have one. */
  const waiting = new Turns<Place>();

  function mayLoad(owner: string): boolean {
    let inTime = 0;
    for (const load of loading.values()) {
      if (!load.overdue) inTime += 1;
      else if (load.owner === owner) return false;
    }
    return inTime < loadingMax;
  }

  function beginLoad(place: Place, owner: string): void {
    const load: Load = {
      owner,
      overdue: false,
      timer: clock.after(LOAD_MS, () => {
        load.overdue = true;
        fill();
      }),
    };
    loading.set(place, load);
  }

  function endLoad(place: Place): void {
    loading.get(place)?.timer.cancel();
    loading.delete(place);
  }

  function open(place: Place, owner: string): void {
    placed.add(place);
    beginLoad(place, owner);
    const thread = startWorker(place.spec, (event) => {
      if (place.thread === thread) onEvent(place, event);
    });
    place.thread = thread;
    const { job } = place;
    place.job = null;
    if (job !== null) thread.run(job);
  }

  function onEvent(place: Place, event: WorkerEvent): void {
    if (event.type === "outdated") {
      place.listener(event);
      return;
    }
    endLoad(place);
    const ended = event.type === "crashed" || event.type === "loadFailed";
    if (ended) close(place);
    else if (event.type !== "loaded") place.busy = false;
    // The newest of the idle ones.
    if (!ended && placed.delete(place)) placed.add(place);
    place.over ||= ended;
    const isNew = event.type !== "loaded" || place.told !== "loaded" || event.version !== place.version;
    if (event.type === "loaded") place.version = event.version;
    if (isNew) {
      place.told = "loaded";
      place.listener(event);
    }
    fill();
  }

  function close(place: Place): void {
    placed.delete(place);
    endLoad(place);
    waiting.delete(place);
    place.thread = null;
  }

  /** Has those load that wait, as far as there is room or somebody is idle. */
  function fill(): void {
    for (;;) {
      if (placed.size >= workersMax) for (const place of waiting.takeAll(WITHOUT_JOB)) sayLoadedSoon(place);
      if (!waiting.has(mayLoad) || (placed.size >= workersMax && !evict())) return;
      const next = waiting.take(mayLoad);
      if (next !== undefined) open(...next);
    }
  }

  function evict(): boolean {
    const place = leastMissed();
    if (place === undefined) return false;
    const { thread, spec, listener } = place;
    close(place);
    thread?.stop();
    onEvicted(spec.name);
    if (!spec.stateful) return true;
    place.over = true;
    listener({ type: "crashed", text: "another stage needed its place" });
    return true;
  }

  function leastMissed(): Place | undefined {
    const counts = new Map<string | null, number>();
    for (const { owner } of placed) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    const missed = ({ owner, spec }: Place): number =>
      (owner === null ? 0 : 2 * (workersMax - (counts.get(owner) ?? 0)) + 2) + (spec.stateful ? 1 : 0);
    let least: Place | undefined;
    for (const place of placed) {
      if (place.busy || loading.has(place)) continue;
      if (least === undefined || missed(place) < missed(least)) least = place;
    }
    return least;
  }

  return (spec, listener) => {
    const place: Place = {
      spec,
      listener,
      thread: null,
      busy: false,
      job: null,
      owner: null,
      version: undefined,
      told: "nothing",
      over: false,
    };
    const end = (how: "stop" | "kill"): void => {
      const { thread } = place;
      place.over = true;
      close(place);
      thread?.[how]();
      fill();
    };
    if (placed.size >= workersMax) sayLoadedSoon(place);
    else waiting.add(WITHOUT_JOB, place);
    fill();
    return {
      run(job, owner = "") {
        if (place.over) return;
        place.busy = true;
        place.owner = owner;
        if (place.thread !== null) {
          place.thread.run(job);
          return;
        }
        place.job = job;
        waiting.delete(place);
        waiting.add(owner, place);
        fill();
      },
      stop: () => end("stop"),
      kill: () => end("kill"),
    };
  };
}

/** It has nothing to load before it has a place. */
function sayLoadedSoon(place: Place): void {
  queueMicrotask(() => {
    if (place.over || place.told !== "nothing") return;
    place.told = "placeless";
    place.listener({ type: "loaded", placeless: true });
  });
}
