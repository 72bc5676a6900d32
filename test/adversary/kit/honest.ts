/** The honest work that goes on while a cluster is attacked: two live sources, a fork, a stateful stage and a join. */

export const STAGES: readonly string[] = ["find", "follow", "sift"];

/** Between the tasks of a source, in ms. */
export const FRAME_MS = 100;

/** One works where it is, the other one's tasks cross to the hub. */
export const SOURCES = [
  { node: "edge-1", id: "cam-1", policy: "edge-only" },
  { node: "edge-2", id: "cam-2", policy: "cloud-only" },
] as const;

/** Tasks that may wait at the joins of the hub. */
export const JOIN_TASKS_MAX = 2_048;
