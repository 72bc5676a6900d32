/** Why a relay cannot reach its camera, in words. */

import { errorText } from "../../runtime/errors.js";

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ENOTFOUND: "its host name does not resolve",
  EAI_AGAIN: "its host name does not resolve now",
  ETIMEDOUT: "Connection timed out",
};

export function connectionProblem(error: Error): string {
  return (
    ("code" in error && typeof error.code === "string" ? REASONS[error.code] : undefined) ?? errorText(error)
  );
}

export const REDIRECTS_ELSEWHERE = "it redirects to another host, which is not allowed";
