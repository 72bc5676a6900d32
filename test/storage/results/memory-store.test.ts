import { test } from "../../support/test.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { storeContract } from "../../contract/store.js";

storeContract("MemoryStore", { use: (work) => work(async () => new MemoryStore()), durable: false });

test.run();
