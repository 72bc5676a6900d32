/** The other process of a wire case: serves one peer until its parent goes. Usage: by `fork`, with the peer's name. */

import { Unavailable } from "../../harness/case.js";
import { WIRE_PEERS } from "./peers.js";

const peer = WIRE_PEERS.find(({ name }) => name === process.argv[2]);
if (peer === undefined) throw new Error(`There is no peer "${process.argv[2]}"`);
process.once("disconnect", () => process.exit());
try {
  process.send?.({ address: await peer.serve() });
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  process.send?.({ unavailable: error.message });
}
