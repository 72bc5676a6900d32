/** Tasks for a cluster without a camera: a generator that keeps a window of tasks of one frame outstanding. */

import type { SourceSpec } from "../../../src/actors/generator/source-spec.js";
import type { CapturePort } from "../../../src/actors/generator/spawn.js";
import { performance } from "node:perf_hooks";
import { controllerAddress, type ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type { SluiceNode } from "../../../src/node/node.js";
import type { GeneratorMessage } from "../../../src/actors/protocol/generator.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import type { SourceId } from "../../../src/task/identity.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { joinCursors, type Pipeline } from "../../../src/task/pipeline.js";
import type { ServiceDeclaration } from "../../../src/task/service.js";
import { createTask } from "../../../src/task/walk.js";
import { NOOP } from "./noop.js";

export const NOOP_SERVICES: ReadonlyMap<string, ServiceDeclaration> = new Map([[NOOP.name, NOOP]]);

/** Stages `s0`, `s1`, ... one after the other, each of which is given the frame. */
export function noopChain(count: number): Pipeline {
  const stages = Array.from({ length: count }, (_, index) => ({
    id: `s${index}`,
    service: NOOP.name,
    after: index === 0 ? [] : [`s${index - 1}`],
  }));
  return definePipeline({ id: `chain-${count}`, stages }, NOOP_SERVICES);
}

export interface Load {
  /**
   * Has this many tasks created and stored, `window` at a time.
   *
   * @returns for each task the time from its submission to its settlement, in us
   */
  run(tasks: number, window: number): Promise<readonly number[]>;
}

/** Attaches a generator to a node; its tasks carry `frame`, which lies in shared memory. */
export function attachLoad(
  node: Pick<SluiceNode, "name" | "system" | "vouch">,
  options: {
    readonly sourceId: SourceId;
    readonly pipeline: Pipeline;
    readonly frame: Uint8Array;
    /** Of the frame, in pixels. Default 640 by 360, whatever the frame has. */
    readonly size?: { readonly width: number; readonly height: number };
  },
): Load {
  const { sourceId, pipeline, frame, size = { width: 640, height: 360 } } = options;
  const { system } = node;
  const controller = system.resolve<ControllerMessage>(controllerAddress(node.name));
  const joinNodes = new Map(joinCursors(pipeline).map((cursor) => [cursor, node.name]));
  const startedAtMs = new Map<number, number>();
  let onStored = (_tookUs: number): void => {};
  let sequence = 0;

  const generator = system.spawn<null, GeneratorMessage>(
    {
      start: () => null,
      receive(state, message) {
        if (message.type !== "taskSettled") return state;
        if (message.outcome.status !== "stored") throw new Error(`Task dropped: ${message.outcome.reason}`);
        const started = startedAtMs.get(message.id.sequence);
        if (started === undefined) throw new Error(`Task ${message.id.sequence} was settled twice`);
        startedAtMs.delete(message.id.sequence);
        onStored((performance.now() - started) * 1_000);
        return state;
      },
    },
    { name: `source-${sourceId}` },
  );
  controller.tell({ type: "attachGenerator", sourceId, pipeline, generator });

  function submit(): void {
    const nowMs = system.clock.now();
    const tasks = createTask({
      id: { sourceId, incarnation: 1, sequence },
      pipeline,
      configuration: DEFAULT_CONFIGURATION,
      payload: { encoding: "rgb", ...size, frames: [{ ptsUs: sequence, data: frame }] },
      sourceAtMs: nowMs,
      createdAtMs: nowMs,
      origin: generator.address,
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      joinNodes,
    });
    startedAtMs.set(sequence, performance.now());
    sequence += 1;
    for (const task of tasks) {
      controller.tell({ type: "submit", task: { ...task, voucher: node.vouch(task) } });
    }
  }

  return {
    run: (tasks, window) =>
      new Promise((resolve) => {
        const tookUs: number[] = [];
        let made = 0;
        onStored = (us) => {
          tookUs.push(us);
          if (tookUs.length === tasks) resolve(tookUs);
          else if (made < tasks) {
            made += 1;
            submit();
          }
        };
        for (; made < Math.min(tasks, window); made += 1) submit();
      }),
  };
}

/** An endless source whose frames are all the same memory: as fast as they are requested, or one each `everyMs`. */
export function endlessCapture({
  replayable,
  bytes,
  everyMs,
}: {
  readonly replayable: boolean;
  readonly bytes: number;
  readonly everyMs: number;
}): { readonly source: SourceSpec; readonly capture: CapturePort } {
  const data = new Uint8Array(new SharedArrayBuffer(bytes));
  const pattern = { width: 16, height: 16, fps: 30, durationS: 1 };
  return {
    source: { kind: "test", pattern, label: "endless", replayable },
    capture: {
      open({ after }, listener) {
        let index = after === null ? 0 : after.frame + 1;
        let wanted = 0;
        const state = { closed: false };
        let giving = false;
        const give = (): void => {
          giving = false;
          const count = everyMs === 0 ? wanted : Math.min(wanted, 1);
          for (let left = count; left > 0 && !state.closed; left -= 1) {
            wanted -= 1;
            const number = index++;
            const ptsUs = number * 1_000;
            listener.onFrame({
              number,
              passedOver: 0,
              ptsUs,
              checksum: index,
              data,
              capturedAtMs: Date.now(),
            });
          }
          if (!state.closed && wanted > 0) giveSoon();
        };
        const giveSoon = (): void => {
          if (giving) return;
          giving = true;
          if (everyMs === 0) setImmediate(give);
          else setTimeout(give, everyMs);
        };
        setImmediate(() => {
          if (!state.closed)
            listener.onInfo({
              description: "endless",
              durationUs: replayable ? 1e15 : null,
              seekable: false,
            });
        });
        return {
          bytes: null,
          request(frames) {
            wanted += frames;
            giveSoon();
          },
          close: () => void (state.closed = true),
        };
      },
    },
  };
}
