/** Asks that cross nodes and end without a reply: the asker's node hears why, so that the ask fails before its timeout. */

import type { NodeName } from "../../runtime/brand.js";
import type { Asker } from "../../runtime/remote.js";
import type { NodeSystem } from "../../runtime/node-system.js";
import type { ByteReader } from "../codec/byte-reader.js";
import { KIND, lossCode, readLossReason } from "./envelope.js";
import type { EnvelopeSender } from "./envelope-sender.js";
import type { Routes } from "./routes.js";

/** Of the message of a cause, in characters. */
const CAUSE_LENGTH_MAX = 1_000;

export class RemoteAsks {
  readonly #system: NodeSystem;
  readonly #routes: Routes;
  readonly #sender: EnvelopeSender;

  constructor(system: NodeSystem, routes: Routes, sender: EnvelopeSender) {
    this.#system = system;
    this.#routes = routes;
    this.#sender = sender;
  }

  /**
   * The asker on another node whose request came here: `lost` sends the reason to it.
   *
   * @param asked session of the member that was asked, in whose name the hub says that it did not reach it. Default: this node's
   */
  askerOf(session: number, askId: number, asked?: number): Asker {
    return {
      lost: (target, reason, cause) => {
        const route = this.#routes.bySession(session);
        if (route === undefined) return;
        this.#sender.control(
          route,
          KIND.lost,
          (writer) => {
            writer.varint(askId);
            writer.text(target);
            writer.u8(lossCode(reason));
            writer.text(cause?.message.slice(0, CAUSE_LENGTH_MAX) ?? "");
          },
          asked,
        );
      },
    };
  }

  /** An ask of this node gets no reply, says the node that was asked; of another one it is not heard. @throws MalformedError */
  onLost(from: NodeName, reader: ByteReader): void {
    const askId = reader.varint();
    const target = reader.text();
    const reason = readLossReason(reader);
    const cause = reader.text();
    this.#system.failAsk(from, askId, target, reason, cause === "" ? undefined : new Error(cause));
  }
}
