import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Terminated } from "../../src/runtime/behaviour.js";
import { type Listing, registryKey } from "../../src/runtime/registry.js";
import { createSteppedSystem } from "../support/stepped-system.js";
import { idle } from "../support/worker.js";

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

test("Registry removes an actor when its registration is ended", () => {
  const { system } = createSteppedSystem();
  const unregister = system.registry.register(key, system.spawn(idle, { name: "a" }));
  unregister();
  unregister();
  assert.equal(system.registry.find(key), []);
});

test("Registry removes an actor that was gone when it was registered", () => {
  const { system, settle } = createSteppedSystem();
  const ref = system.spawn(idle, { name: "a" });
  void system.stop(ref);
  system.registry.register(key, ref);
  settle();
  assert.equal(system.registry.find(key), []);
});

test("Registry sends a subscriber the listing at once and at each change", () => {
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
  assert.is(system.deadLetters.total, 0, "nothing is sent to a subscriber that is gone");
});

test("Registry leaves no watch behind, however often actors register and subscribe", () => {
  const { system, settle } = createSteppedSystem();
  const anyKey = registryKey<unknown>("any");
  const a = system.spawn(idle, { name: "a" });
  const subscriber: ActorRef<Listing<unknown>> = system.spawn(idle, { name: "subscriber" });
  const listeners = watchesOn([a, subscriber]);
  for (let round = 0; round < 100; round++) {
    const endSubscription = system.registry.subscribe(anyKey, subscriber);
    system.registry.register(anyKey, a)();
    endSubscription();
  }
  assert.is(listeners(), 0);
  system.registry.subscribe(anyKey, subscriber);
  settle();
  void system.stop(subscriber);
  system.registry.register(anyKey, a);
  settle();
  assert.is(system.deadLetters.total, 0, "an actor that has stopped receives nothing more");
});

/** Counts the watches that are open on `refs`, by calls of `watch` and of what it returned. */
function watchesOn(refs: readonly ActorRef<never>[]): () => number {
  let open = 0;
  for (const ref of refs) {
    const own = ref as unknown as { watch: (listener: (event: Terminated) => void) => () => void };
    const watch = own.watch.bind(ref);
    own.watch = (listener) => {
      open += 1;
      const end = watch(listener);
      let ended = false;
      return () => {
        if (!ended) open -= 1;
        ended = true;
        end();
      };
    };
  }
  return () => open;
}

test.run();
