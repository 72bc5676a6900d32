import { test } from "../../support/test.js";
import { eventLoop } from "../../../src/runtime/executor.js";
import { createMemoryNetwork } from "../../../src/transport/carriers/memory.js";
import { carrierContract } from "../../contract/carrier.js";

carrierContract("memory carrier", () =>
  Promise.resolve({
    carrier: createMemoryNetwork({ executor: eventLoop }),
    url: "memory://a",
    nowhere: "memory://b",
    exclusive: true,
    end: () => Promise.resolve(),
  }),
);

test.run();
