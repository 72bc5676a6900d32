import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { within } from "../support/within.js";
// example:start
import { createActorSystem, type ActorRef, type Behaviour } from "../../src/index.js";

type AccountMessage =
  | { type: "deposit"; amount: number }
  | { type: "withdraw"; amount: number; replyTo: ActorRef<"paid" | "refused"> };

const account: Behaviour<number, AccountMessage> = {
  start: () => 0,
  receive(balance, message) {
    if (message.type === "deposit") return balance + message.amount;
    const covered = message.amount <= balance;
    message.replyTo.tell(covered ? "paid" : "refused");
    return covered ? balance - message.amount : balance;
  },
};

const bank = createActorSystem({ name: "bank" });
const alice = bank.spawn(account, { name: "alice", mailbox: { capacity: 100 } });
alice.tell({ type: "deposit", amount: 20 });

const withdraw = (amount: number): Promise<"paid" | "refused"> =>
  bank.ask(alice, (replyTo) => ({ type: "withdraw", amount, replyTo }));
const answers = [await withdraw(15), await withdraw(15)]; // ["paid", "refused"]

await bank.terminate();
// example:end

test("the example of the README gives what it says", async () => {
  assert.equal(answers, ["paid", "refused"]);
  assert.is(bank.deadLetters.total, 0);
  await within(1_000, bank.terminate());
});

test.run();
