/** What all actors of one node share. */

import type { ActorRef } from "../actor-ref.js";
import type { Address } from "../address.js";
import type { NodeName } from "../brand.js";
import type { Clock } from "../clock.js";
import type { DeadLetterBox } from "../dead-letters.js";
import type { Dispatcher } from "./dispatcher.js";
import type { Executor } from "../executor.js";
import type { Logger } from "../log.js";
import type { RuntimeRef } from "./ref.js";
import type { Remote } from "../remote.js";
import type { PendingAsk } from "../ask.js";
import type { Cell } from "./cell.js";

export interface Host {
  readonly name: NodeName;
  readonly clock: Clock;
  readonly executor: Executor;
  readonly random: () => number;
  readonly log: Logger;
  readonly dispatcher: Dispatcher;
  readonly deadLetters: DeadLetterBox;
  /** Asks whose reply address was given away as text, by id. */
  readonly openAsks: Map<number, PendingAsk>;
  readonly remote: Remote | null;
  /** Counts: no two actors of a node have the same. */
  nextId(): number;
  /** One that nobody can guess. */
  askId(): number;
  find(path: string): Cell | undefined;
  resolve<Message>(address: string): ActorRef<Message>;
  /** The runtime's own ref behind a ref of any make. */
  refOf(ref: ActorRef<never>): RuntimeRef;
  resolveAddress(address: Address): RuntimeRef;
}
