/** Who is asked: ours first, then the floor beneath it, then peers. */

import { grpcPeer } from "./peers/grpc.js";
import { moleculerPeer } from "./peers/moleculer.js";
import { natsPeer } from "./peers/nats.js";
import { nodeHttpPeer } from "./peers/node-http.js";
import { rawWsPeer } from "./peers/raw-ws.js";
import { sluicePeer } from "./peers/sluice.js";
import { zeromqPeer } from "./peers/zeromq.js";
import type { WirePeer } from "./wire-peer.js";

export const WIRE_PEERS: readonly [WirePeer, ...WirePeer[]] = [
  sluicePeer,
  rawWsPeer,
  nodeHttpPeer,
  moleculerPeer,
  natsPeer,
  zeromqPeer,
  grpcPeer,
];
