/** The program of a worker thread: loads one service, then runs it on one task at a time. */

import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "../../runtime/errors.js";
import { accountShared } from "../../runtime/shared-memory.js";
import type { Payload } from "../../task/payload.js";
import { countNativeCalls, nativeCall, type NativeCalls } from "../../services/native-call.js";
import { loadHashed, type LoadedModel } from "../../services/loaded-model.js";
import type { RgbFrame, Service, ServiceInstance } from "../../services/service.js";
import { parseStageResult } from "./stage-result.js";
import type { Job, WorkerEvent, WorkerSpec } from "./worker-port.js";

export interface WorkerData {
  readonly spec: WorkerSpec;
  readonly nativeCalls: NativeCalls;
}

export type WorkerRequest = { readonly type: "run"; readonly job: Job } | { readonly type: "close" };

if (parentPort === null) throw new TypeError("worker.js runs in a worker thread only");
const port = parentPort;
// Both ends of this port are this folder: worker-host.ts sends nothing else.
const { spec, nativeCalls } = workerData as WorkerData;
countNativeCalls(nativeCalls);

const ready = await loadService();
if (ready !== null) {
  const { service, model } = ready;
  // A job may have come while the service was loading, so jobs and the close wait in a line.
  let line = Promise.resolve();
  port.on("message", (request: WorkerRequest) => {
    line = line.then(() =>
      request.type === "run" ? run(service, request.job, model?.sha256 ?? null) : close(service),
    );
  });
  post({ type: "loaded", ...(model !== null && { version: model.version }) });
}

function post(event: WorkerEvent): void {
  port.postMessage(event);
}

interface LoadedService {
  readonly service: ServiceInstance;
  readonly model: LoadedModel | null;
}

async function loadService(): Promise<LoadedService | null> {
  try {
    const module = (await import(spec.module)) as { readonly service?: Partial<Service> };
    const { service } = module;
    const load = service?.load;
    if (typeof load !== "function") {
      throw new TypeError(`Module "${spec.module}" must export "service" with a "load" function`);
    }
    const { parameters, modelDir } = spec;
    const { loaded, model } = await loadHashed(spec, () => load.call(service, { parameters, modelDir }));
    return { service: loaded, model };
  } catch (error) {
    const { code, retry } = error as { readonly code?: unknown; readonly retry?: unknown };
    post({
      type: "loadFailed",
      code: typeof code === "string" ? code : "service-failed",
      text: errorText(error),
      permanent: retry === "never",
    });
    return null;
  }
}

async function run(
  instance: ServiceInstance,
  { payload, ...input }: Job,
  /** SHA-256 */
  model: string | null,
): Promise<void> {
  try {
    for (const { data } of payload?.frames ?? [])
      if (data.buffer instanceof SharedArrayBuffer) accountShared(data);
    const frames = payload === null ? [] : await rgbFrames(payload);
    const returned: unknown = await instance.process({ ...input, frames });
    const parsed = parseStageResult(returned, { output: spec.output, frameCount: input.frameCount });
    if (parsed.ok) post({ type: "completed", result: parsed.result, ...(model !== null && { model }) });
    else post({ type: "failed", text: `The result of the service cannot be used as ${parsed.problem}` });
  } catch (error) {
    post({ type: "failed", text: errorText(error) });
  }
}

async function rgbFrames({ encoding, width, height, frames }: Payload): Promise<readonly RgbFrame[]> {
  if (encoding === "rgb") return frames.map(({ ptsUs, data }) => ({ width, height, ptsUs, data }));
  const { decodeJpeg } = await nativeCall(() => import("../../services/jpeg.js"));
  const decoded: RgbFrame[] = [];
  for (const { ptsUs, data } of frames) {
    decoded.push({ width, height, ptsUs, data: await decodeJpeg(data, { width, height }) });
  }
  return decoded;
}

async function close(instance: ServiceInstance): Promise<void> {
  await instance.close();
  port.close();
}
