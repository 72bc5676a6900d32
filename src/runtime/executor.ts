/** The event loop as a port: a simulation passes its own, and so decides in which order everything runs. */

/** Runs tasks later, each once, in the order of the calls to `soon` and to `later`. */
export interface Executor {
  /** Runs `task` before the event loop turns again. */
  soon(task: () => void): void;
  /** Runs `task` at a later turn of the event loop, after I/O. */
  later(task: () => void): void;
}

const settled = Promise.resolve();

/**
 * Node's event loop. `soon` uses a promise: `queueMicrotask` creates an async resource each time and costs three times as
 * much.
 */
export const eventLoop: Executor = {
  soon: (task) => void settled.then(task),
  later: (task) => void setImmediate(task),
};
