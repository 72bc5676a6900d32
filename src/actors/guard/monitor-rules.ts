/** What the monitors of nodes may tell each other. */

import { isActorRef } from "../../runtime/actor-ref.js";
import { z } from "../../runtime/parse.js";
import { PROBE_BYTES_MAX, type MonitorMessage, type Pong, type Probed } from "../protocol/monitor.js";
import { wanted } from "./checks.js";
import { name, ref } from "./forms.js";
import { form, type Known, type Rules } from "./rules.js";

type Of<Type> = Extract<MonitorMessage, { readonly type: Type }>;

const NODES = ["cloud", "edge"] as const;

export const MONITOR: Rules = {
  // Whoever measures the cluster asks as its nodes do.
  ping: {
    from: [...NODES, "operator"],
    read: form<Of<"ping">>()(z.object({ sentAtMs: z.number(), replyTo: ref })),
  },
  probe: {
    from: NODES,
    read: ({ type, sentAtMs, bytes, replyTo }) => {
      wanted(typeof sentAtMs === "number" && isActorRef(Object(replyTo)), "a time and a ref");
      wanted(bytes instanceof Uint8Array && bytes.byteLength <= PROBE_BYTES_MAX, "bytes");
      return { type, sentAtMs, bytes, replyTo } satisfies Known<Of<"probe">>;
    },
  },
  probed: {
    from: NODES,
    read: form<Probed>()(z.object({ node: name, sentAtMs: z.number() })),
    about: ({ node }) => node,
    forAll: [],
  },
  pong: {
    from: NODES,
    read: form<Pong>()(z.object({ node: name, sentAtMs: z.number() })),
    about: ({ node }) => node,
    forAll: [],
  },
};
