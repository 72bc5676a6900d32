/** When code runs, as a port: a simulation passes its own and so owns the order of everything. */

export interface Executor {
  /** Runs `task` before the event loop turns again. */
  soon(task: () => void): void;
  /** Runs `task` after input and output had their turn. */
  later(task: () => void): void;
}

const settled = Promise.resolve();

/** Node's event loop. `soon` goes by a promise: `queueMicrotask` makes an async resource each time and costs thrice that. */
export const eventLoop: Executor = {
  soon: (task) => void settled.then(task),
  later: (task) => void setImmediate(task),
};
