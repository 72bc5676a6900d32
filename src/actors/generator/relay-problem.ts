/** Why a relay cannot reach its camera, in words. */

import { errorText } from "../../runtime/errors.js";
import { SOURCE_CA } from "./source-trust.js";

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ENOTFOUND: "its host name does not resolve",
  EAI_AGAIN: "its host name does not resolve now",
  ETIMEDOUT: "Connection timed out",
  EPROTO: "TLS cannot be agreed on: it must be of version 1.2 at least",
};

/** Why a certificate is not believed, by the codes of OpenSSL and Node. */
const DISTRUST: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "it is signed by an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "it is signed by an unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "it is signed by an unknown authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is of another name",
};
const OUT_OF_DATE = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

export function connectionProblem(error: Error): string {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const distrust = DISTRUST[code];
  if (distrust !== undefined)
    return `its certificate is not trusted, as ${distrust}: if it is the right one, put it into a file and name that in ${SOURCE_CA}`;
  if (OUT_OF_DATE.has(code)) return "its certificate is out of date: renew it, and check both clocks";
  return REASONS[code] ?? errorText(error);
}

/** @param credentials whether the source was given some */
export function answerProblem(
  who: "server" | "camera",
  status: number,
  reason: string,
  credentials: boolean,
): string {
  const answer = `the ${who} answers ${status} ${reason}`.trim();
  if (status !== 401) return answer;
  return credentials
    ? `${answer}: it does not take this user name and password`
    : `${answer}: it wants a user name and password, as in ://USER:PASSWORD@HOST`;
}

export const REDIRECTS_ELSEWHERE = "it redirects to another host, which is not allowed";
