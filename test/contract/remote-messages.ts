/** What becomes of messages to another node: order, content, refs, and those that do not arrive. */

import * as assert from "uvu/assert";
import type { ActorRef, Lane } from "../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import { CodedError } from "../../src/runtime/errors.js";
import { outcome, recorder, responder, until, type EachScene } from "./remote-scene.js";

export function messagesContract(each: EachScene): void {
  each("tell brings messages later, each once and in the order of sending", async ({ there, to }) => {
    const received: number[] = [];
    there.spawn(recorder(received), { name: "sink" });
    const sink = to<number>("sink");
    for (let n = 0; n < 1_000; n++) sink.tell(n);
    assert.equal(received, []);
    await until("1,000 messages", () => received.length >= 1_000);
    assert.equal(
      received,
      Array.from({ length: 1_000 }, (_, n) => n),
    );
  });

  each("tell keeps the order of each lane, and control overtakes data", async ({ there, to }) => {
    const received: string[] = [];
    there.spawn(recorder(received), { name: "sink" });
    const sink = to<string>("sink");
    const lanes: readonly Lane[] = ["data", "control", "data", "control"];
    lanes.forEach((lane, index) => sink.tell(`${lane} ${index}`, lane));
    await until("4 messages", () => received.length >= 4);
    assert.equal(received, ["control 1", "control 3", "data 0", "data 2"]);
  });

  each("tell keeps the order to one receiver whatever the size of the messages", async ({ there, to }) => {
    const received: Uint8Array[] = [];
    there.spawn(recorder(received), { name: "sink" });
    const sizes = [10, 1_000_000, 0, 70_000, 5_000, 300_000, 20];
    sizes.forEach((size, index) => to<Uint8Array>("sink").tell(new Uint8Array(size).fill(index)));
    await until("all messages", () => received.length >= sizes.length);
    assert.equal(
      received.map((bytes) => [bytes.byteLength, bytes.at(-1)]),
      sizes.map((size, index) => [size, size === 0 ? undefined : index]),
    );
  });

  each("tell takes whatever is plain data", async ({ there, to }) => {
    const received: unknown[] = [];
    there.spawn(recorder(received), { name: "sink" });
    const messages = [
      undefined,
      null,
      -0,
      12n,
      "text",
      { nested: [{ map: new Map([["key", new Set([1])]]) }] },
      { small: Uint8Array.of(1, 2), large: new Float32Array(5_000).fill(1.5) },
    ];
    for (const message of messages) to<unknown>("sink").tell(message);
    await until("all messages", () => received.length >= messages.length);
    assert.equal(received, messages);
  });

  each("a message is copied or shared, as the traits say", async ({ traits, there, to }) => {
    const received: { readonly count: number; readonly bytes: Uint8Array }[] = [];
    there.spawn(recorder(received), { name: "sink" });
    const message = { count: 1, bytes: Uint8Array.of(1) };
    to<typeof message>("sink").tell(message);
    message.count = 2;
    await until("the message", () => received.length > 0);
    assert.is(received[0] === message, traits.messages === "shared");
    assert.is(received[0]?.count, traits.messages === "shared" ? 2 : 1);
  });

  each(
    "a small message overtakes a large one for another actor, or not, as the traits say",
    async (scene) => {
      const received: string[] = [];
      for (const sink of ["large", "small"]) {
        const behaviour: Behaviour<null, unknown> = {
          start: () => null,
          receive(state) {
            received.push(sink);
            return state;
          },
        };
        scene.there.spawn(behaviour, { name: sink });
      }
      scene.to<Uint8Array>("large").tell(new Uint8Array(4_000_000));
      scene.to<number>("small").tell(1);
      await until("both messages", () => received.length >= 2);
      assert.equal(received, scene.traits.order === "perNode" ? ["large", "small"] : ["small", "large"]);
    },
  );

  each("refs inside a message lead where they led, wherever they are in it", async ({ here, there, to }) => {
    interface Letter {
      readonly own: ActorRef<string>;
      readonly nested: { readonly list: readonly ActorRef<string>[] };
      readonly map: ReadonlyMap<string, ActorRef<string>>;
      readonly set: ReadonlySet<ActorRef<string>>;
    }
    const [onHere, onThere]: [string[], string[]] = [[], []];
    const mine = here.spawn(recorder(onHere), { name: "mine" });
    const yours = there.spawn(recorder(onThere), { name: "yours" });
    const letters: Letter[] = [];
    there.spawn(recorder(letters), { name: "sink" });
    const own = here.resolve<string>(yours.address);
    to<Letter>("sink").tell({
      own,
      nested: { list: [mine] },
      map: new Map([["a", mine]]),
      set: new Set([mine]),
    });
    await until("the letter", () => letters.length > 0);
    const [letter] = letters;
    if (letter === undefined) throw new Error("No letter arrived");
    assert.is(letter.own.address, yours.address);
    letter.own.tell("to yours");
    for (const ref of [...letter.nested.list, ...letter.map.values(), ...letter.set]) {
      assert.is(ref.address, mine.address);
      ref.tell("to mine");
    }
    await until("the answers", () => onHere.length >= 3);
    assert.equal([onHere, onThere], [["to mine", "to mine", "to mine"], ["to yours"]]);
  });

  each("a ref to one incarnation does not reach the next one, a ref to a name does", async (scene) => {
    const { here, there, ask, to } = scene;
    const former = there.spawn(responder, { name: "phoenix" });
    await there.stop(former);
    const received: unknown[] = [];
    there.spawn(recorder(received), { name: "phoenix" });
    here.resolve<string>(former.address).tell("to the former one");
    to<string>("phoenix").tell("to the name");
    await until("a message", () => received.length > 0);
    await scene.arrived();
    assert.equal(received, ["to the name"]);
    assert.is(there.deadLetters.countByReason.stopped, 1);
    assert.is(await outcome(ask(`phoenix#${former.address.split("#")[1]}`)), "actor-stopped");
  });

  each("a message with no way to its node is a dead letter of its sender's system", async (scene) => {
    const { here, there, to, letters, arrived, cutAndNotice } = scene;
    here.resolve<string>("sluice://nowhere/actor").tell("to an unknown node");
    assert.equal(letters, [
      { target: "sluice://nowhere/actor", message: "to an unknown node", reason: "unreachable" },
    ]);
    to<string>("nobody").tell("to nobody");
    await arrived();
    assert.is(there.deadLetters.countByReason.stopped, 1, "the node that it reached counts it");
    await cutAndNotice();
    to<string>("responder").tell("too late");
    assert.equal(letters.slice(1), [
      { target: to("responder").address, message: "too late", reason: "unreachable" },
    ]);
  });

  each(
    "tell never throws: what another node cannot have is a dead letter, and the rest arrives",
    async (scene) => {
      const { there, to, letters } = scene;
      const received: unknown[] = [];
      there.spawn(recorder(received), { name: "sink" });
      const cycle: Record<string, unknown> = {};
      cycle["self"] = [cycle];
      class Own {
        readonly field = 1;
      }
      const getter = {
        get field(): never {
          throw new Error("getter");
        },
      };
      const wrong: readonly unknown[] = [
        () => 1,
        { deep: [new Map([[1, () => 1]])] },
        Symbol("s"),
        Promise.resolve(1),
        new Date(0),
        new Own(),
        cycle,
        getter,
      ];
      const sink = to<unknown>("sink");
      for (const message of wrong) sink.tell(message);
      sink.tell("after");
      await until("the last message", () => received.length > 0);
      assert.equal(received, ["after"]);
      assert.equal(
        letters.map(({ reason }) => reason),
        wrong.map(() => "unencodable"),
      );
      letters.forEach(({ message, target }, index) => {
        assert.is(message, wrong[index]);
        assert.is(target, sink.address);
      });
    },
  );

  each(
    "a message with a ref that has no valid address does not arrive",
    async ({ traits, there, to, letters }) => {
      const received: unknown[] = [];
      there.spawn(recorder(received), { name: "sink" });
      const stray = { address: "no address", tell: () => {}, toJSON: () => "no address" };
      to<unknown>("sink").tell({ stray });
      to<unknown>("sink").tell("after");
      await until("the last message", () => received.length > 0);
      assert.equal(received, ["after"]);
      assert.equal(
        letters.map(({ reason }) => reason),
        traits.invalidRefs === "deadLetter" ? ["unencodable"] : [],
      );
    },
  );

  each("a message beyond the limits of the codec is refused, or not, as the traits say", async (scene) => {
    const { traits, there, to, letters } = scene;
    const received: unknown[] = [];
    there.spawn(recorder(received), { name: "sink" });
    const large: readonly unknown[] = [
      JSON.parse('{"__proto__": 1}'),
      Array.from({ length: 1_001 }, () => Array.from({ length: 1_000 }, () => 0)),
      new CodedError("x", { code: "c", details: { f: () => 1 } }),
    ];
    for (const message of large) to<unknown>("sink").tell(message);
    to<unknown>("sink").tell("after");
    await until("the last message", () => received.includes("after"));
    assert.is(received.length, traits.codecLimits ? 1 : 1 + large.length);
    assert.is(letters.length, traits.codecLimits ? large.length : 0);
  });
}
