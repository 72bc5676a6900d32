/** The relay of an address of HTTP: fetches what ffmpeg asks for, follows redirects and answers challenges itself. */

import {
  createServer,
  request,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import type { Server } from "node:net";
import { Authorization } from "./authorization.js";
import { Places, type Place } from "./playlist.js";
import { passOn, passPlaylistOn } from "./relay-answer.js";
import { answerProblem, connectionProblem, REDIRECTS_ELSEWHERE } from "./relay-problem.js";
import { isAmong } from "./source-policy.js";
import type { SourceTrust } from "./source-trust.js";
import { Transfers } from "./transfers.js";
import { isPlaylist, type NetworkAddress } from "./source-spec.js";

/** As many as browsers have followed at least. */
const REDIRECTS_MAX = 5;

/** What is fetched for a request of ffmpeg. */
interface Step extends Omit<Place, "kind"> {
  readonly kind: Place["kind"] | "stream";
  readonly redirects: number;
  readonly retried: boolean;
}

export function openHttpRelay(
  address: NetworkAddress,
  trust: SourceTrust,
  path: string,
  onProblem: (text: string) => void,
): {
  readonly server: Server;
  readonly transfers: Transfers;
  readonly bytes: () => number;
  readonly close: () => void;
} {
  const transfers = new Transfers();
  const open = new Set<ClientRequest>();
  // Of its own, so that no other source's trust makes a connection that this one uses.
  const agent = new SecureAgent(trust);
  const origin = new URL(address.url);
  const first = { url: origin, kind: isPlaylist(address) ? "playlist" : "stream" } as const;
  const places = new Places(path);
  const authorization = address.credentials === null ? null : new Authorization(address.credentials);
  const server = createServer((asked, answer) => {
    const place = asked.url === path ? first : places.find(asked.url ?? "");
    if (place === null || asked.method !== "GET") {
      answer.writeHead(404).end();
      return;
    }
    transfers.await(answer);
    fetchFor(asked, answer, { ...place, redirects: 0, retried: false });
  });

  /** One request upstream, and those that a redirect or a challenge makes of it. */
  function fetchFor(asked: IncomingMessage, answer: ServerResponse, step: Step): void {
    const { url, kind, redirects, retried } = step;
    const own = isOwn(url, origin);
    const header = own ? authorization?.headerFor("GET", url.pathname + url.search) : undefined;
    const range = kind === "playlist" ? undefined : asked.headers.range;
    const options = {
      headers: {
        accept: "*/*",
        "user-agent": "Sluice",
        ...(range !== undefined && { range }),
        ...(header !== undefined && header !== null && { authorization: header }),
      },
      // Cameras send headers that are not quite right. Nothing but the video comes of them.
      insecureHTTPParser: true,
    };
    const upstream =
      url.protocol === "https:" ? secureRequest(url, { ...options, agent }) : request(url, options);
    open.add(upstream);
    const fail = (problem: string): void => {
      onProblem(problem);
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end();
    };
    answer.once("close", () => upstream.destroy());
    upstream.once("close", () => open.delete(upstream));
    upstream.on("error", (error) => {
      if (!answer.closed) fail(connectionProblem(error));
    });
    upstream.once("response", (response) => {
      const { statusCode = 502, headers } = response;
      const challenges = response.headersDistinct["www-authenticate"] ?? [];
      if (statusCode === 401 && own && !retried && authorization?.challenged(challenges) === true) {
        response.resume();
        fetchFor(asked, answer, { ...step, retried: true });
      } else if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        response.resume();
        const next = redirects < REDIRECTS_MAX ? allowed(headers.location, url) : null;
        if (next === null) fail(redirects < REDIRECTS_MAX ? REDIRECTS_ELSEWHERE : "it redirects without end");
        else fetchFor(asked, answer, { ...step, url: next, redirects: redirects + 1, retried: false });
      } else {
        const refusal = answerProblem(
          "server",
          statusCode,
          response.statusMessage ?? "",
          authorization !== null,
        );
        if (statusCode >= 400) onProblem(refusal);
        if (statusCode >= 400 && kind === "segment") transfers.missed(refusal);
        transfers.follow(response, answer, kind === "stream");
        if (kind !== "playlist" || statusCode >= 400) {
          passOn(response, answer, kind === "stream" ? kind : "segment");
          return;
        }
        const resolve = (location: string): URL | null => allowed(location, url);
        passPlaylistOn(response, answer, { resolve, place: (place) => places.give(place) }, fail);
      }
    });
    upstream.end();
  }

  /** Where a redirect may lead: to the source's own server, or to a host that it names. */
  function allowed(location: string, from: URL): URL | null {
    if (!URL.canParse(location, from.href)) return null;
    const url = new URL(location, from.href);
    if (url.protocol !== "http:" && url.protocol !== "https:") return null;
    url.username = "";
    url.password = "";
    return isOwn(url, origin) || isAmong(url.hostname, address.redirectHosts) ? url : null;
  }

  return {
    server,
    transfers,
    bytes: () => transfers.bytes,
    close() {
      server.close();
      server.closeAllConnections();
      for (const upstream of open) upstream.destroy();
      agent.destroy();
    },
  };
}

/** Another port is another server, which whoever named the source has not named; but for the same one under TLS. */
function isOwn(url: URL, origin: URL): boolean {
  if (url.hostname !== origin.hostname) return false;
  const secured = origin.protocol === "http:" && origin.port === "" && url.protocol === "https:";
  return url.origin === origin.origin || (secured && url.port === "");
}
