/** What one actor holds of another: an address that takes messages. */

/** `control` overtakes `data` in every mailbox and on every link; order holds within a lane. */
export type Lane = "control" | "data";

/**
 * A reference to an actor, here or on another node.
 *
 * `tell` is at most once and in order per sender, receiver and lane; it never throws and never blocks. A message that
 * cannot be delivered becomes a dead letter. `JSON.stringify` of a ref gives its address, and `system.resolve` turns an
 * address into a ref again.
 */
export interface ActorRef<in Message> {
  /** `sluice://node/path`, followed by `#incarnation` if the ref means one incarnation only. */
  readonly address: string;
  /** Sends a message: at most once, in order for each sender. Never throws and never waits. */
  readonly tell: (message: Message, lane?: Lane) => void;
  /** The address. */
  toJSON(): string;
}

/** Whether `value`, found somewhere in a message, is a ref. */
export function isActorRef(value: object): value is ActorRef<never> {
  return (
    "tell" in value &&
    typeof value.tell === "function" &&
    "toJSON" in value &&
    typeof value.toJSON === "function" &&
    "address" in value &&
    typeof value.address === "string"
  );
}
