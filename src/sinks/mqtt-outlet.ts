/** Records as messages of a profile to an MQTT broker, at QoS 1. */

import { errorText } from "../runtime/errors.js";
import type { StoredRecord } from "../task/record.js";
import { connectMqtt, type MqttConnection, type MqttOptions } from "./mqtt-client.js";
import { DeliveryError, type Outlet } from "./outlet.js";

export interface MqttMessage {
  readonly topic: string;
  readonly payload: string;
}

export interface MqttOutletOptions extends MqttOptions {
  /** What a record is on the broker; it is asked once for each, unless a delivery failed. */
  readonly messages: (record: StoredRecord) => readonly MqttMessage[];
}

/** Records whose messages are kept until they were taken: as many as a delivery has. */
export function createMqttOutlet({ messages, ...options }: MqttOutletOptions): Outlet {
  let connection: MqttConnection | null = null;
  /** Of a delivery that failed, by position: what a profile remembers moved on with them. */
  let made = new Map<number, readonly MqttMessage[]>();

  async function connected(): Promise<MqttConnection> {
    if (connection?.isOpen === true) return connection;
    await connection?.close().catch(() => {});
    connection = null;
    return (connection = await connectMqtt(options));
  }

  return {
    async deliver(records) {
      const before = made;
      made = new Map(
        records.map((record) => [record.position, before.get(record.position) ?? messages(record)]),
      );
      try {
        const broker = await connected();
        // One after the other: their order is the order of the source.
        for (const { topic, payload } of [...made.values()].flat()) await broker.publish(topic, payload);
      } catch (error) {
        await connection?.close().catch(() => {});
        connection = null;
        throw new DeliveryError(`Cannot publish to "${new URL(options.url).host}": ${errorText(error)}`, {
          cause: error,
        });
      }
      made = new Map();
    },
    async close() {
      await connection?.close().catch(() => {});
      connection = null;
    },
  };
}
