/** Bytes from the wire that our encoder cannot have written: the sender is broken or hostile. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}
