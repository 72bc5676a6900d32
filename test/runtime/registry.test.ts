import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import { registryKey, type Listing } from "../../src/runtime/registry.js";
import { createSteppedSystem } from "../support/stepped-system.js";

const idle: Behaviour<null, string> = { start: () => null, receive: (state) => state };
const key = registryKey<string>("greeter");

function subscribed() {
  const stepped = createSteppedSystem();
  const { system } = stepped;
  const listings: string[][] = [];
  const subscriber = system.spawn<null, Listing<string>>(
    {
      start: () => null,
      receive(state, { refs }) {
        listings.push(refs.map((ref) => ref.address));
        return state;
      },
    },
    { name: "subscriber" },
  );
  return { ...stepped, listings, subscriber };
}

test("Registry finds what is registered under a key until it ends", () => {
  const { system, settle } = createSteppedSystem();
  const [a, b] = ["a", "b"].map((name) => system.spawn(idle, { name }));
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(system.registry.find(key), []);
  system.registry.register(key, a);
  system.registry.register(key, b);
  system.registry.register(key, b);
  assert.equal(system.registry.find(key), [a, b]);
  assert.equal(system.registry.find(registryKey("other")), []);
  void system.stop(a);
  settle();
  assert.equal(system.registry.find(key), [b]);
});

test("Registry takes an actor out when the registration is ended", () => {
  const { system } = createSteppedSystem();
  const unregister = system.registry.register(key, system.spawn(idle, { name: "a" }));
  unregister();
  unregister();
  assert.equal(system.registry.find(key), []);
});

test("Registry takes out an actor that was gone when it was registered", () => {
  const { system, settle } = createSteppedSystem();
  const ref = system.spawn(idle, { name: "a" });
  void system.stop(ref);
  system.registry.register(key, ref);
  settle();
  assert.equal(system.registry.find(key), []);
});

test("Registry tells a subscriber the listing at once and at each change", () => {
  const { system, settle, listings, subscriber } = subscribed();
  system.registry.subscribe(key, subscriber);
  settle();
  const ref = system.spawn(idle, { name: "a" });
  system.registry.register(key, ref);
  settle();
  void system.stop(ref);
  settle();
  assert.equal(listings, [[], [ref.address], []]);
});

test("Registry forgets a subscriber that ends or unsubscribes", () => {
  const { system, settle, listings, subscriber } = subscribed();
  const unsubscribe = system.registry.subscribe(key, subscriber);
  settle();
  unsubscribe();
  const ref = system.spawn(idle, { name: "a" });
  system.registry.register(key, ref);
  settle();
  assert.is(listings.length, 1);
  system.registry.subscribe(key, subscriber);
  settle();
  assert.is(listings.length, 2);
  void system.stop(subscriber);
  settle();
  void system.stop(ref);
  settle();
  assert.is(system.deadLetters.total, 0, "nothing is told to a subscriber that is gone");
});

test.run();
