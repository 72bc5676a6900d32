import type { Carrier } from "../../src/transport/carrier.js";

/** A carrier on whose channels nothing is sent any more while `line` is broken. */
export function breaking(carrier: Carrier, line: { readonly broken: boolean }): Carrier {
  return {
    listen: (options) => carrier.listen(options),
    async connect(options) {
      const channel = await carrier.connect(options);
      return {
        remote: channel.remote,
        bufferedBytes: 0,
        start: (listener) => channel.start(listener),
        send(frame) {
          if (!line.broken) channel.send(frame);
        },
        close: (reason) => channel.close(reason),
        destroy: () => channel.destroy(),
      };
    },
  };
}
