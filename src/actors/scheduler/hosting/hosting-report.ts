/** Who captures sources that any of several nodes may, for people. */

import { assertNever } from "../../../runtime/errors.js";
import type { HostingReport } from "../../../task/hosting.js";
import type { SourceId } from "../../../task/identity.js";
import { TEXT_LIMITS } from "../../../task/limits.js";
import type { State } from "../state.js";
import type { HostEntry, HostPhase } from "./host-entry.js";

export function hostingReports(state: State): Readonly<Record<string, HostingReport>> {
  const reports = [...state.retained.hosted].map(([id]) => [id, hostingReport(state, id)] as const);
  return Object.fromEntries(reports.flatMap(([id, report]) => (report === null ? [] : [[id, report]])));
}

/** Null of a source that one node alone may capture. */
export function hostingReport({ retained, hosts }: State, id: SourceId): HostingReport | null {
  const [hosted, entry] = [retained.hosted.get(id), hosts.get(id)];
  if (hosted === undefined || entry === undefined) return null;
  const { candidates, choice, host, history } = hosted;
  return {
    candidates,
    choice,
    host,
    status: STATUS[entry.phase.status],
    detail: detailOf(entry).slice(0, TEXT_LIMITS.detail),
    history,
  };
}

const STATUS: Readonly<Record<HostPhase["status"], HostingReport["status"]>> = {
  captured: "captured",
  awaited: "awaited",
  leaving: "awaited",
  sealing: "moving",
  starting: "moving",
  waiting: "waiting",
};

function detailOf({ phase, refused }: HostEntry): string {
  const cannot = [...refused].map(([node, { why }]) => `${node}: ${why}`).join("; ");
  switch (phase.status) {
    case "captured":
      return "";
    case "awaited":
      return "its node is away; another one takes over if it does not come back";
    case "leaving":
      return "its node leaves, and ends the tasks that it has made";
    case "sealing":
      return "what its node has made is counted";
    case "starting":
      return `${phase.node} is told`;
    case "waiting":
      return cannot === "" ? "no candidate is there" : cannot;
    default:
      return assertNever(phase);
  }
}
