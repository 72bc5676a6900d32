/** What every service must do, whatever it finds: run `serviceContract` on each, then `test.run()`. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { Service, ServiceInput, ServiceInstance } from "../../src/services/service.js";
import { parseStageResult } from "../../src/actors/processor/stage-result.js";
import { startWorker } from "../../src/actors/processor/worker-host.js";
import type { WorkerEvent } from "../../src/actors/processor/worker-port.js";
import type { ServiceDeclaration, StageResult } from "../../src/task/service.js";
import { within } from "../support/within.js";

export interface ServiceSubject {
  readonly declaration: ServiceDeclaration;
  /** Tasks of one source in order, one at least, in which the service finds something. New objects at each call. */
  readonly inputs: () => readonly ServiceInput[];
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly modelDir?: string | null;
}

/** Registers the tests of one service. */
export function serviceContract(subject: ServiceSubject): void {
  const { declaration, inputs } = subject;
  const { name } = declaration;
  const context = { parameters: subject.parameters ?? {}, modelDir: subject.modelDir ?? null };

  const load = async (): Promise<ServiceInstance> => {
    const { service } = (await import(declaration.module)) as { readonly service: Service };
    return service.load(context);
  };

  /** The results of all inputs, on an instance of their own. */
  const results = async (): Promise<readonly StageResult[]> => {
    const instance = await load();
    const found: StageResult[] = [];
    for (const input of inputs()) found.push(await instance.process(input));
    await instance.close();
    return found;
  };

  test(`${name}: its result has the declared type and one list per frame`, async () => {
    const found = await results();
    assert.ok(found.length > 0, "the contract needs an input");
    for (const [index, input] of inputs().entries()) {
      const parsed = parseStageResult(found[index], {
        output: declaration.output,
        frameCount: input.frameCount,
      });
      assert.ok(parsed.ok, parsed.ok ? "" : parsed.problem);
      assert.equal(
        parsed.ok && parsed.result,
        found[index],
        "a result has the declared fields and no others",
      );
    }
  });

  test(`${name}: it finds something, with scores and coordinates within 0 to 1`, async () => {
    const detections = (await results()).flatMap((result) => result.frames.flat());
    assert.ok(detections.length > 0, "the contract needs an input in which something is found");
    for (const detection of detections) {
      const { x, y, width, height, score } = detection;
      const within01 = [x, y, x + width, y + height, score].every((n) => n >= 0 && n <= 1 + 1e-6);
      assert.ok(within01, `out of the frame: ${JSON.stringify(detection)}`);
    }
  });

  test(`${name}: the same tasks give the same results`, async () => {
    assert.equal(await results(), await results());
  });

  test(`${name}: it leaves its frames and previous results as they are`, async () => {
    const instance = await load();
    for (const input of inputs()) {
      const before = structuredClone({ frames: input.frames.map(pixels), previous: input.previous });
      await instance.process(input);
      assert.equal({ frames: input.frames.map(pixels), previous: input.previous }, before);
    }
    await instance.close();
  });

  test(`${name}: a worker thread gives the same results from frames in shared memory`, async () => {
    const events: WorkerEvent[] = [];
    let wake = () => {};
    const worker = startWorker(
      {
        ...context,
        name,
        module: declaration.module,
        output: declaration.output,
        stateful: declaration.stateful,
      },
      (event) => {
        events.push(event);
        wake();
      },
    );
    const next = async (): Promise<WorkerEvent> => {
      while (events.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const event = events.shift();
      if (event === undefined) throw new Error("No event");
      return event;
    };
    try {
      assert.equal(await within(20_000, next(), "the worker to load"), { type: "loaded" });
      const expected = await results();
      for (const [index, { frames, ...input }] of inputs().entries()) {
        const { width, height } = frames[0] ?? { width: 16, height: 16 };
        const payload =
          frames.length === 0
            ? null
            : {
                encoding: "rgb" as const,
                width,
                height,
                frames: frames.map(({ ptsUs, data }) => ({ ptsUs, data: shared(data) })),
              };
        worker.run({ ...input, payload });
        assert.equal(await within(20_000, next(), "a result"), {
          type: "completed",
          result: expected[index],
        });
      }
    } finally {
      worker.kill();
    }
  });

  test(`${name}: close can be called twice`, async () => {
    const instance = await load();
    await instance.close();
    await instance.close();
  });

  if (!declaration.stateful) return;

  test(`${name}: after "restarted" it has no state of the source's past`, async () => {
    const instance = await load();
    const [first, ...rest] = inputs();
    if (first === undefined) throw new Error("The contract needs an input");
    const restarted: readonly ServiceInput[] = [{ ...first, continuity: "restarted" }, ...rest];
    const once: StageResult[] = [];
    const again: StageResult[] = [];
    for (const input of restarted) once.push(await instance.process(input));
    for (const input of restarted) again.push(await instance.process(input));
    await instance.close();
    assert.equal(again.map(withoutIds), once.map(withoutIds));
    assert.is(again[0]?.continuity, "restarted");
  });
}

function pixels({ data }: { readonly data: Uint8Array }): Uint8Array {
  return Uint8Array.from(data);
}

/** A copy in shared memory, as captured frames are. */
function shared(data: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}

/** Track ids may go on after a restart or start again. */
function withoutIds(result: StageResult): unknown {
  return result.frames.map((list) =>
    list.map(({ x, y, width, height, score, label }) => [x, y, width, height, score, label]),
  );
}
