/** A message contains what another node cannot have: a function, an object of a class, a cycle. It is the sender's mistake. */
export class UnencodableError extends Error {
  override readonly name = "UnencodableError";
}
