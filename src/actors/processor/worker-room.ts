/**
 * Bounds the workers of a node. Stages come from whoever may register a source, and each has a worker: a thread, with a model.
 *
 * WR1 No more workers than the room has are there at a time.
 * WR2 Where it is full, a stage gets one when it has a job, and none before: it takes the place of the worker that has been
 *     idle longest, one without state where there is such a one. So a stage without tasks keeps nobody out.
 * WR3 Whoever loses its worker so is not told where its service has no state: the next job has one started again. One with
 *     state is as lost as if it had crashed, and its stage begins anew.
 */

import type { Job, StartWorker, WorkerEvent, WorkerSpec, WorkerThread } from "./worker-port.js";

export interface WorkerRoomOptions {
  readonly startWorker: StartWorker;
  /** Workers at a time, 1 or more. */
  readonly workersMax: number;
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
  /** Its processor was told so once, and is not told again. */
  loaded: boolean;
  /** No event follows. */
  over: boolean;
}

export function createWorkerRoom({ startWorker, workersMax, onEvicted }: WorkerRoomOptions): StartWorker {
  /** Those with a thread; the one that has been idle longest first. */
  const placed = new Set<Place>();
  /** Those with a job and no thread, by arrival. */
  const wanting = new Set<Place>();

  function open(place: Place): void {
    placed.add(place);
    const thread = startWorker(place.spec, (event) => {
      if (place.thread === thread) onEvent(place, event);
    });
    place.thread = thread;
    const { job } = place;
    place.job = null;
    if (job !== null) thread.run(job);
  }

  function onEvent(place: Place, event: WorkerEvent): void {
    const ended = event.type === "crashed" || event.type === "loadFailed";
    if (ended) close(place);
    else if (event.type !== "loaded") place.busy = false;
    // The newest of the idle ones.
    if (!ended && placed.delete(place)) placed.add(place);
    place.over ||= ended;
    if (event.type !== "loaded" || !place.loaded) {
      place.loaded = true;
      place.listener(event);
    }
    fill();
  }

  function close(place: Place): void {
    placed.delete(place);
    wanting.delete(place);
    place.thread = null;
  }

  /** Gives places to those that wait for one, as far as there are some or somebody is idle. */
  function fill(): void {
    for (const place of wanting) {
      if (placed.size >= workersMax && !evict()) return;
      wanting.delete(place);
      open(place);
    }
  }

  function evict(): boolean {
    const idle = [...placed].filter(({ busy }) => !busy);
    const place = idle.find(({ spec }) => !spec.stateful) ?? idle[0];
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

  return (spec, listener) => {
    const place: Place = { spec, listener, thread: null, busy: false, job: null, loaded: false, over: false };
    const end = (how: "stop" | "kill"): void => {
      const { thread } = place;
      place.over = true;
      close(place);
      thread?.[how]();
      fill();
    };
    if (placed.size < workersMax) open(place);
    else queueMicrotask(() => sayLoaded(place));
    return {
      run(job) {
        if (place.over) return;
        place.busy = true;
        if (place.thread !== null) {
          place.thread.run(job);
          return;
        }
        place.job = job;
        wanting.add(place);
        fill();
      },
      stop: () => end("stop"),
      kill: () => end("kill"),
    };
  };
}

/** It has nothing to load before it has a place. */
function sayLoaded(place: Place): void {
  if (place.over || place.loaded) return;
  place.loaded = true;
  place.listener({ type: "loaded" });
}
