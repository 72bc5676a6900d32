/** The door to mqtt.js, which is loaded only where a sink wants it. */

import { errorText } from "../runtime/errors.js";

/** A connection to a broker. */
export interface MqttConnection {
  /** Resolves once the broker has it (QoS 1). */
  publish(topic: string, payload: string): Promise<void>;
  /** Whether it can be used. */
  readonly isOpen: boolean;
  close(): Promise<void>;
}

export interface MqttOptions {
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly clientId: string;
  /** To connect, and for the answer to a message, in ms. */
  readonly timeoutMs: number;
}

/** @throws Error where the broker cannot be reached or refuses */
export async function connectMqtt(options: MqttOptions): Promise<MqttConnection> {
  const { url, user, password, clientId, timeoutMs } = options;
  const { connectAsync } = await import("mqtt");
  const client = await connectAsync(
    url,
    {
      clientId,
      // Whoever delivers connects again when it wants to, with a backoff of its own.
      reconnectPeriod: 0,
      connectTimeout: timeoutMs,
      clean: true,
      ...(user !== null && { username: user }),
      ...(password !== null && { password }),
    },
    false,
  );
  // Without a listener it would end the process; a delivery under way is told by itself.
  client.on("error", () => {});
  return {
    get isOpen() {
      return client.connected;
    },
    async publish(topic, payload) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      });
      const gone = new Promise<never>((_, reject) => {
        client.once("close", () => reject(new Error("the connection was lost")));
      });
      gone.catch(() => {});
      try {
        await Promise.race([client.publishAsync(topic, payload, { qos: 1 }), late, gone]);
      } catch (error) {
        throw new Error(errorText(error), { cause: error });
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      await client.endAsync(true);
    },
  };
}
