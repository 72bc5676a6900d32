/** Bytes from the wire that no encoder of ours has written: the sender is broken or hostile, and its link is to be closed. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}
