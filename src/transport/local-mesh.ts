/**
 * Joins nodes inside one process: messages arrive later and in order, refs are bound to the receiving node, and everything
 * else is shared.
 *
 * LM1 A message arrives after the sender's turn, in the order of sending per target node.
 * LM2 A message that arrives contains no ref of another node's system; frames and other plain data are shared, never copied.
 * LM3 A node that has left is unreachable for the others, and they for it: messages become dead letters, and each watch fires
 *     once.
 * LM4 The nodes of a mesh are one program and trust each other: no guard stands between them, and a ref that one gives another
 *     is bound as it is.
 */

import type { Lane } from "../runtime/actor-ref.js";
import { type Address, formatAddress } from "../runtime/address.js";
import type { Terminated } from "../runtime/behaviour.js";
import type { NodeName } from "../runtime/brand.js";
import type { DeadLetterReason } from "../runtime/dead-letters.js";
import { nodeSystem, type NodeSystem } from "../runtime/node-system.js";
import type { Asker, RemoteTarget } from "../runtime/remote.js";
import type { Mesh } from "./mesh.js";
import { bindRefs } from "./bind-refs.js";

interface Parcel {
  readonly target: Address;
  readonly message: unknown;
  readonly lane: Lane;
  readonly asker: Asker | undefined;
}

interface MeshNode {
  readonly system: NodeSystem;
  /** On their way to it. */
  parcels: Parcel[];
  /** Of the watches on actors of this node, and of those that it has on others: each is called once when it leaves. */
  readonly watches: Set<() => void>;
}

/** Joins actor systems of one process without a byte of encoding. */
export function createLocalMesh(): Mesh {
  const nodes = new Map<NodeName, MeshNode>();

  function send(
    sender: NodeSystem,
    { target }: RemoteTarget,
    message: unknown,
    lane: Lane,
    askId: number | null,
  ): DeadLetterReason | null {
    const node = nodes.get(target.node);
    if (node === undefined) return "unreachable";
    const bound = bindRefs(message, (address) => node.system.resolve(address));
    if (!bound.ok) return "unencodable";
    if (node.parcels.length === 0) node.system.executor.soon(() => deliverAll(node));
    const asker: Asker | undefined =
      askId === null
        ? undefined
        : {
            lost: (address, reason, cause) =>
              sender.executor.soon(() => sender.failAsk(target.node, askId, address, reason, cause)),
          };
    node.parcels.push({ target, message: bound.value, lane, asker });
    return null;
  }

  function deliverAll(node: MeshNode): void {
    const parcels = node.parcels;
    node.parcels = [];
    for (const { target, message, lane, asker } of parcels) {
      node.system.deliver(target, message, lane, asker);
    }
  }

  function watch(watcher: NodeSystem, target: Address, listener: (event: Terminated) => void): () => void {
    const address = formatAddress(target);
    const node = nodes.get(target.node);
    let watching = true;
    const fire = (reason: Terminated["reason"]): void => {
      end();
      watcher.executor.soon(() => {
        if (!watching) return;
        watching = false;
        listener({ address, reason });
      });
    };
    const onLeave = (): void => fire("unreachable");
    const unwatch = node?.system.watch(node.system.resolve(address), ({ reason }) => fire(reason));
    const own = nodes.get(watcher.name);
    node?.watches.add(onLeave);
    own?.watches.add(onLeave);
    const end = (): void => {
      unwatch?.();
      node?.watches.delete(onLeave);
      own?.watches.delete(onLeave);
    };
    if (node === undefined) fire("unreachable");
    return () => {
      watching = false;
      end();
    };
  }

  return {
    join(joining) {
      const system = nodeSystem(joining);
      if (nodes.has(system.name))
        throw new TypeError(`Cannot join "${system.name}": a node of that name has joined`);
      nodes.set(system.name, { system, parcels: [], watches: new Set() });
      system.attachRemote({
        send: (target, message, lane, askId) => send(system, target, message, lane, askId),
        watch: (target, listener) => watch(system, target, listener),
        stop: async (target) => {
          const node = nodes.get(target.node);
          await node?.system.stop(node.system.resolve(formatAddress(target)));
        },
      });
    },
    leave(name) {
      const node = nodes.get(name);
      if (node === undefined) return;
      nodes.delete(name);
      node.system.attachRemote(null);
      for (const onLeave of node.watches) onLeave();
      for (const other of nodes.values()) {
        other.system.nodeDown(name);
        node.system.nodeDown(other.system.name);
      }
    },
  };
}
