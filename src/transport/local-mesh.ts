/**
 * Nodes joined inside one process: messages travel later and in order, refs are bound anew, and all else is shared.
 *
 * K1 A message arrives after the sender's turn, in the order of sending per target node.
 * K2 What arrives holds no ref that leads past the mesh; frames and other plain data are shared, never copied.
 * K3 A node that has left is unreachable, and so are the others for it: for those who send and, once each, for those who
 *    watch.
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

interface Member {
  readonly system: NodeSystem;
  /** On their way here. */
  parcels: Parcel[];
  /** Of watches that others have on actors here, or this node on theirs: called once each where it leaves. */
  readonly watches: Set<() => void>;
}

export function createLocalMesh(): Mesh {
  const members = new Map<NodeName, Member>();

  function send(
    sender: NodeSystem,
    { target }: RemoteTarget,
    message: unknown,
    lane: Lane,
    askId: number | null,
  ): DeadLetterReason | null {
    const member = members.get(target.node);
    if (member === undefined) return "unreachable";
    const bound = bindRefs(message, (address) => member.system.resolve(address));
    if (!bound.ok) return "unencodable";
    if (member.parcels.length === 0) member.system.executor.soon(() => deliverAll(member));
    const asker: Asker | undefined =
      askId === null
        ? undefined
        : {
            lost: (address, reason, cause) =>
              sender.executor.soon(() => sender.failAsk(askId, address, reason, cause)),
          };
    member.parcels.push({ target, message: bound.value, lane, asker });
    return null;
  }

  function deliverAll(member: Member): void {
    const parcels = member.parcels;
    member.parcels = [];
    for (const { target, message, lane, asker } of parcels) {
      member.system.deliver(target, message, lane, asker);
    }
  }

  function watch(watcher: NodeSystem, target: Address, listener: (event: Terminated) => void): () => void {
    const address = formatAddress(target);
    const member = members.get(target.node);
    let watching = true;
    const tell = (reason: Terminated["reason"]): void => {
      end();
      watcher.executor.soon(() => {
        if (!watching) return;
        watching = false;
        listener({ address, reason });
      });
    };
    const onLeave = (): void => tell("unreachable");
    const unwatch = member?.system.watch(member.system.resolve(address), ({ reason }) => tell(reason));
    const own = members.get(watcher.name);
    member?.watches.add(onLeave);
    own?.watches.add(onLeave);
    const end = (): void => {
      unwatch?.();
      member?.watches.delete(onLeave);
      own?.watches.delete(onLeave);
    };
    if (member === undefined) tell("unreachable");
    return () => {
      watching = false;
      end();
    };
  }

  return {
    join(joining) {
      const system = nodeSystem(joining);
      if (members.has(system.name))
        throw new TypeError(`Cannot join "${system.name}": a node of that name has joined`);
      members.set(system.name, { system, parcels: [], watches: new Set() });
      system.attachRemote({
        send: (target, message, lane, askId) => send(system, target, message, lane, askId),
        watch: (target, listener) => watch(system, target, listener),
        stop: async (target) => {
          const member = members.get(target.node);
          await member?.system.stop(member.system.resolve(formatAddress(target)));
        },
      });
    },
    leave(name) {
      const member = members.get(name);
      if (member === undefined) return;
      members.delete(name);
      member.system.attachRemote(null);
      for (const onLeave of member.watches) onLeave();
      for (const other of members.values()) {
        other.system.nodeDown(name);
        member.system.nodeDown(other.system.name);
      }
    },
  };
}
