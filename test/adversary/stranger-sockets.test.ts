import { test } from "../support/test.js";
import { STRANGER_SOCKETS } from "./attacks/stranger-sockets.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(STRANGER_SOCKETS);

test.run();
