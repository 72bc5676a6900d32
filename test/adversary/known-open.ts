/** Attacks that still succeed, and what they get: a test holds that it is these and no others. */

export const KNOWN_OPEN: ReadonlyMap<string, string> = new Map([
  ["edge.odd-dags", "the hub stands still for more than a second, and members are cut off"],
  ["edge.into-follower", "the operator is shown a record that nobody stored"],
  ["edge.follower-error", "what the operator follows ends"],
  ["edge.run-ended", "the operator's run ends with 0"],
  ["edge.escape-error", "`sluice run` passes control characters on"],
  ["operator.yaml-deep", "the node stands still or ends"],
  ["operator.yaml-megabyte", "the node does nothing else for seconds"],
  ["operator.source-redirect", "the node goes on to the other server"],
  ["machine.few-descriptors", "the hub ends with a stack"],
]);
