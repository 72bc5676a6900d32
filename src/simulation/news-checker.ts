/** That each source of a simulated node knows which nodes are gone and which are there. @see RedeliveryChecker, RC4 */

import type { ClusterEvent, Member } from "../transport/cluster/cluster.js";
import type { SourceModel } from "./delivery-model.js";
import { isHostiles } from "./hostile/hostile-verdict.js";
import { HUB } from "./host-names.js";

export interface NewsCheckerOptions {
  /** Of the node. */
  readonly name: string;
  /** Of its present process. */
  readonly sources: () => ReadonlyMap<string, SourceModel>;
  /** Calls back once what happens at once has happened, unless the process was paused or killed meanwhile. */
  readonly soon: (check: () => void) => void;
  readonly report: (text: string) => void;
}

export class NewsChecker {
  readonly #options: NewsCheckerOptions;
  /** The members that this process knows, with their sessions. */
  #sessions = new Map<string, number>();
  /** Those before it was cut off. */
  #before = new Map<string, number>();
  #cutOff = false;

  constructor(options: NewsCheckerOptions) {
    this.#options = options;
  }

  /** What the node hears of its cluster, once it has passed that on. */
  onCluster(event: ClusterEvent): void {
    switch (event.type) {
      case "cutOff":
        this.#cutOff = true;
        this.#expectKnown(HUB, "gone");
        break;
      case "joined":
        this.#joined();
        break;
      case "memberUp":
        this.#up(event.member);
        break;
      case "memberDown":
      case "memberLeft":
        if (!isNode(event.member)) break;
        this.#sessions.delete(event.member.name);
        this.#expectKnown(event.member.name, "gone");
        break;
      case "memberLeaving":
      case "refused":
        break;
    }
  }

  /** Those that are still members are announced next, and the others are gone. */
  #joined(): void {
    this.#cutOff = false;
    this.#before = this.#sessions;
    this.#sessions = new Map();
    const models = [...this.#options.sources()];
    this.#options.soon(() => {
      for (const name of this.#before.keys()) {
        if (this.#sessions.has(name)) continue;
        for (const [sourceId, model] of models) {
          if (this.#ended(sourceId, model) || model.gone.has(name)) continue;
          this.#options.report(`${sourceId} does not know that ${name} went while its node was cut off`);
        }
      }
    });
  }

  #up({ name, session, roles }: Member): void {
    if (!isNode({ name, roles }) || name === this.#options.name) return;
    const before = this.#sessions.get(name) ?? this.#before.get(name);
    this.#sessions.set(name, session);
    for (const [sourceId, model] of this.#options.sources()) {
      const times = model.goneTimes.get(name) ?? 0;
      if (before === undefined || before === session || times > 0) {
        model.goneTimes.delete(name);
        continue;
      }
      this.#options.soon(() => {
        if ((model.goneTimes.get(name) ?? 0) > 0) model.goneTimes.delete(name);
        else if (!this.#ended(sourceId, model)) {
          this.#options.report(`${sourceId} was not told that ${name} was gone, which is another member now`);
        }
      });
    }
    this.#expectKnown(name, "there");
  }

  #expectKnown(node: string, as: "gone" | "there"): void {
    const models = [...this.#options.sources()];
    this.#options.soon(() => {
      for (const [sourceId, model] of models) {
        if (this.#ended(sourceId, model) || this.#isThere(node) !== (as === "there")) continue;
        if (model.gone.has(node) !== (as === "gone")) {
          this.#options.report(`${sourceId} does not know that ${node} is ${as}`);
        }
      }
    });
  }

  #isThere(node: string): boolean {
    return this.#sessions.has(node) && !(node === HUB && this.#cutOff);
  }

  #ended(sourceId: string, model: SourceModel): boolean {
    return this.#options.sources().get(sourceId) !== model;
  }
}

/** Whoever has a part in tasks. */
function isNode({ name, roles }: Pick<Member, "name" | "roles">): boolean {
  return !roles.includes("operator") && !isHostiles(name);
}
