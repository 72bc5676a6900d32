/** gRPC: a unary call over HTTP/2, bodies as raw bytes (no protobuf around them). */

import { importPeer, type WirePeer } from "../wire-peer.js";

interface Call {
  readonly request: Buffer;
}
type Answer = (error: Error | null, bytes?: number) => void;

interface Grpc {
  readonly Server: new (options: object) => {
    addService(definition: object, implementation: object): void;
    bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
  };
  readonly ServerCredentials: { createInsecure(): unknown };
  readonly credentials: { createInsecure(): unknown };
  makeGenericClientConstructor(
    definition: object,
    name: string,
  ): new (
    address: string,
    credentials: unknown,
    options: object,
  ) => {
    ask(body: Buffer, answer: Answer): void;
    close(): void;
  };
}

const bytes = { serialize: (body: Buffer): Buffer => body, deserialize: (body: Buffer): Buffer => body };
const number = {
  serialize: (value: number): Buffer => Buffer.from(String(value)),
  deserialize: (text: Buffer): number => Number(text.toString()),
};
const SERVICE = {
  ask: {
    path: "/bench/ask",
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes.serialize,
    requestDeserialize: bytes.deserialize,
    responseSerialize: number.serialize,
    responseDeserialize: number.deserialize,
  },
};
const OPTIONS = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

export const grpcPeer: WirePeer = {
  name: "grpc-js",
  async serve() {
    const { Server, ServerCredentials } = await importPeer<Grpc>("@grpc/grpc-js");
    const server = new Server(OPTIONS);
    server.addService(SERVICE, {
      ask: ({ request }: Call, answer: Answer) => answer(null, request.length),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return `127.0.0.1:${port}`;
  },
  async connect(address) {
    const grpc = await importPeer<Grpc>("@grpc/grpc-js");
    const Client = grpc.makeGenericClientConstructor(SERVICE, "bench");
    const client = new Client(address, grpc.credentials.createInsecure(), OPTIONS);
    return {
      ask: (body) =>
        new Promise((resolve, reject) => {
          client.ask(Buffer.from(body.buffer, body.byteOffset, body.byteLength), (error, answer) =>
            error === null ? resolve(answer ?? 0) : reject(error),
          );
        }),
      close: () => client.close(),
    };
  },
};
