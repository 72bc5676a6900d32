/**
 * A profile: what each service takes on each node at each size, as a campaign measured it. Plain data that a file holds and the
 * parameters of a policy carry.
 */

import { z } from "../runtime/parse.js";
import type { Configuration } from "../task/configuration.js";
import type { NodeName } from "../task/identity.js";
import type { Pipeline, Stage } from "../task/pipeline.js";
import type { StoredResult } from "../task/record.js";
import { percentiles } from "./outcome-window.js";
import { workKey } from "./view-queries.js";

const positive = z.number().positive();

/** Cells of a profile: services by nodes by sizes. */
const ENTRIES_MAX = 2_000;

export const ProfileForm = z
  .array(
    z.strictObject({
      /** A service and its parameters. @see workKey */
      work: z.string().min(1),
      node: z.string().min(1),
      /** Of the picture that it read. */
      width: positive,
      height: positive,
      /** For one frame, in ms. */
      frameMs: z.number().min(0),
      p95Ms: z.number().min(0),
      /** Tasks that it is computed of. */
      count: z.int().min(1),
      /** Things in a frame, on average, where they were seen; null where nothing was. */
      objects: z.number().min(0).nullable().default(null),
    }),
  )
  .max(ENTRIES_MAX);

export type Profile = z.output<typeof ProfileForm>;
export type ProfileEntry = Profile[number];

interface Cell {
  readonly entry: Pick<ProfileEntry, "work" | "node" | "width" | "height">;
  readonly frameMs: number[];
  readonly objects: number[];
}

/** Samples of a cell; more say no more. */
const SAMPLES_MAX = 1_000;

/** Gathers a profile from stored results. */
export class ProfileBuilder {
  readonly #cells = new Map<string, Cell>();

  /** @param pipeline that the task walked */
  add({ hops, configuration, frameCount, results }: StoredResult, pipeline: Pipeline): void {
    if (frameCount < 1) return;
    const { width, height } = configuration;
    const last = Object.values(results).at(-1);
    const seen =
      last === undefined ? null : last.frames.reduce((sum, frame) => sum + frame.length, 0) / frameCount;
    for (const { stage: id, node, startedAtMs, endedAtMs } of hops) {
      const stage = pipeline.stages.find((other) => other.id === id);
      if (stage === undefined || !(endedAtMs >= startedAtMs)) continue;
      const work = workKey(stage);
      const key = JSON.stringify([work, node, width, height]);
      let cell = this.#cells.get(key);
      if (cell === undefined) {
        if (this.#cells.size >= ENTRIES_MAX) continue;
        this.#cells.set(key, (cell = { entry: { work, node, width, height }, frameMs: [], objects: [] }));
      }
      if (cell.frameMs.length >= SAMPLES_MAX) continue;
      cell.frameMs.push((endedAtMs - startedAtMs) / frameCount);
      if (seen !== null) cell.objects.push(seen);
    }
  }

  /** By work, node and size. */
  profile(): Profile {
    return [...this.#cells]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { entry, frameMs, objects }]) => ({
        ...entry,
        frameMs: rounded(meanOf(frameMs)),
        p95Ms: rounded(percentiles(frameMs).p95),
        count: frameMs.length,
        objects: objects.length === 0 ? null : rounded(meanOf(objects)),
      }));
  }
}

/**
 * What a stage takes on a node, for one frame, in ms: of the size that was measured nearest to that of `configuration`. Null where
 * the profile has nothing of it.
 *
 * @param objects things in a frame now: of work that each of them takes; null for work that they do not matter to
 */
export function profiledMs(
  profile: Profile,
  stage: Pick<Stage, "service" | "parameters">,
  at: {
    readonly node: NodeName;
    readonly configuration: Pick<Configuration, "width" | "height">;
    readonly objects: number | null;
  },
): number | null {
  const work = workKey(stage);
  const pixels = at.configuration.width * at.configuration.height;
  let nearest: ProfileEntry | null = null;
  for (const entry of profile) {
    if (entry.work !== work || entry.node !== at.node) continue;
    if (nearest === null || distance(entry, pixels) < distance(nearest, pixels)) nearest = entry;
  }
  if (nearest === null) return null;
  if (at.objects === null || nearest.objects === null || nearest.objects === 0) return nearest.frameMs;
  return (nearest.frameMs * at.objects) / nearest.objects;
}

function distance({ width, height }: ProfileEntry, pixels: number): number {
  return Math.abs(Math.log((width * height) / pixels));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}
