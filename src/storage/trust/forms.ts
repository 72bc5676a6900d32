/** Names as they lie in the hub's state. */

import { z } from "../../runtime/parse.js";
import { parseNodeName } from "../../task/identity.js";
import { NAME } from "../../task/limits.js";

export const nodeName = z.string().regex(NAME).transform(parseNodeName);
