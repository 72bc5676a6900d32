/** Who captures a source that any of several nodes may, as text. */

import { assertNever } from "../../src/runtime/errors.js";
import type { Hosting, HostingReport } from "../../src/task/hosting.js";

/** In one line. */
export function describeHosting(id: string, { host, status, detail, history }: HostingReport): string {
  switch (status) {
    case "captured":
      return `${host ?? "-"} captures ${id}: ${history.at(-1)?.why ?? ""}`;
    case "awaited":
      return `${host ?? "-"} is away: ${detail}`;
    case "moving":
      return `${id} gets another node`;
    case "waiting":
      return `${id} waits for a node: ${detail}`;
    default:
      return assertNever(status);
  }
}

/** Which nodes may, and how one is chosen. */
export function describeCandidates({ candidates, choice }: Hosting): string {
  const who = candidates === "any" ? "any node" : candidates.join(", ");
  return `${who}, ${choice === "leastLoaded" ? "least loaded" : choice}`;
}

/** Who captured it from when on, and why, a line each. */
export function describeHosts({ history, host, status, detail, ...hosting }: HostingReport): string {
  const lines = history.map(
    ({ atMs, node, why }) => `${new Date(atMs).toISOString()}  ${node} captures it: ${why}`,
  );
  const now = host === null ? `no node captures it: ${detail}` : `${host}, ${status}`;
  return [...lines, `Captured by ${describeCandidates(hosting)}; ${now}`].join("\n");
}
