import type { Carrier, ListenOptions } from "../carrier.js";
import type { JoiningPeer } from "../link/acceptor-handshake.js";
import type { NameRegistry } from "../security/names.js";
import type { SessionNumbers } from "../security/sessions.js";
import type { TokenAuthority } from "../security/token-authority.js";
import type { AcceptorLimits } from "./acceptor.js";
import type { Role } from "./cluster.js";
import type { NodeOptions } from "./node-core.js";

/** What a hub is made of. */
export interface HubOptions extends NodeOptions {
  /** Name of the cluster; a node that wants another one is refused. Default `sluice`. */
  readonly cluster?: string;
  /** What tells it from others of its name. Default: nothing. */
  readonly clusterId?: string;
  readonly carrier: Carrier;
  readonly listen: Omit<ListenOptions, "onChannel">;
  /** Where the tokens of joining nodes are looked up; null admits every node, and is for loopback only. */
  readonly authority: TokenAuthority | null;
  /** Whose names are. Default: known for as long as the hub runs. */
  readonly names?: NameRegistry;
  /** Of its members. Default: known for as long as the hub runs. */
  readonly sessions?: SessionNumbers;
  /** Default `cloud`. */
  readonly roles?: readonly Role[];
  /** What a node is told as it joins, and nobody else; null for nothing. Default nothing. */
  readonly secretFor?: (peer: JoiningPeer) => Uint8Array | null;
  readonly acceptor?: Partial<AcceptorLimits>;
  /** Default 1,000. */
  readonly membersMax?: number;
  /** How long the holder of a name has to answer a probe, in ms. Default 1,000. */
  readonly probeMs?: number;
  /** Between two looks whether a member's token has been revoked, in ms. Default 2,000. */
  readonly revocationMs?: number;
}
