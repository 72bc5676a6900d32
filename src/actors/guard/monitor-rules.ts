/** What the monitors of nodes may tell each other. */

import { isActorRef } from "../../runtime/actor-ref.js";
import { z } from "../../runtime/parse.js";
import { PROBE_BYTES_MAX } from "../protocol/monitor.js";
import { wanted } from "./checks.js";
import { name, ref } from "./forms.js";
import { form, type Rules } from "./rules.js";

const NODES = ["cloud", "edge"] as const;

export const MONITOR: Rules = {
  ping: { from: NODES, check: form(z.object({ sentAtMs: z.number(), replyTo: ref })) },
  probe: {
    from: NODES,
    check: ({ sentAtMs, bytes, replyTo }) => {
      wanted(typeof sentAtMs === "number" && isActorRef(Object(replyTo)), "a time and a ref");
      wanted(bytes instanceof Uint8Array && bytes.byteLength <= PROBE_BYTES_MAX, "bytes");
    },
  },
  probed: {
    from: NODES,
    check: form(z.object({ node: name, sentAtMs: z.number() })),
    about: ({ node }) => node,
    forAll: [],
  },
  pong: {
    from: NODES,
    check: form(z.object({ node: name, sentAtMs: z.number() })),
    about: ({ node }) => node,
    forAll: [],
  },
};
