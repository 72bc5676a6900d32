/** One cluster for all subjects of a case: what differs between two clusters is nobody's figure. */

export interface Closeable {
  close(): Promise<void>;
}

/** Opened by the first that asks, closed by the last that lets go. */
export class SharedScene<Scene extends Closeable> {
  readonly #open: () => Promise<Scene>;
  #scene: Promise<Scene> | null = null;
  #users = 0;

  constructor(open: () => Promise<Scene>) {
    this.#open = open;
  }

  async use(): Promise<Scene> {
    this.#users += 1;
    this.#scene ??= this.#open();
    return this.#scene;
  }

  async release(): Promise<void> {
    this.#users -= 1;
    const scene = this.#scene;
    if (this.#users > 0 || scene === null) return;
    this.#scene = null;
    await (await scene).close();
  }
}
