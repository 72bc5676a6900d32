/**
 * Tracked objects as Frigate says them on `frigate/events` (docs.frigate.video, "MQTT"): new, update and end, for what listens to
 * Frigate, as Home Assistant does.
 *
 * FRG1 An object begins with `new` and ends with one `end`, as far as this process has seen it.
 * FRG2 `update` comes at most once a second of the source's time.
 * FRG3 Objects are bounded: beyond `OBJECTS_MAX` of a source the one that was seen longest ago ends.
 */

import type { Detection } from "../task/service.js";
import type { StoredRecord, StoredResult } from "../task/record.js";
import type { MqttMessage } from "./mqtt-outlet.js";
import { shownFrames, type ShownFrame } from "./shown-detections.js";

const UPDATE_MS = 1_000;
/** An object that is not seen for so long, of the source's time, is gone. */
const GONE_MS = 5_000;
const OBJECTS_MAX = 256;
const SOURCES_MAX = 1_024;

interface Tracked {
  readonly trackId: number;
  readonly startMs: number;
  seenMs: number;
  toldMs: number;
  topScore: number;
  /** As it was last told. */
  told: Readonly<Record<string, unknown>> | null;
}

export type FrigateMessages = (record: StoredRecord) => readonly MqttMessage[];

export function createFrigateMessages(prefix: string): FrigateMessages {
  const sources = new Map<string, Map<number, Tracked>>();
  const topic = `${prefix}/events`;

  function objectsOf(source: string): Map<number, Tracked> {
    const known = sources.get(source) ?? new Map<number, Tracked>();
    const [oldest] = sources.keys();
    if (!sources.has(source) && sources.size >= SOURCES_MAX && oldest !== undefined) sources.delete(oldest);
    sources.set(source, known);
    return known;
  }

  function message(
    type: "new" | "update" | "end",
    object: Tracked,
    after: Readonly<Record<string, unknown>>,
  ): MqttMessage {
    const before = object.told ?? after;
    object.told = after;
    return { topic, payload: JSON.stringify({ type, before, after }) };
  }

  function end(objects: Map<number, Tracked>, object: Tracked): readonly MqttMessage[] {
    objects.delete(object.trackId);
    return object.told === null
      ? []
      : [message("end", object, { ...object.told, end_time: object.seenMs / 1_000 })];
  }

  function seen(
    objects: Map<number, Tracked>,
    { trackId, detection, frame, record }: Sighting,
  ): readonly MqttMessage[] {
    const before = objects.get(trackId);
    const object: Tracked = before ?? {
      trackId,
      startMs: frame.atMs,
      seenMs: frame.atMs,
      toldMs: -Infinity,
      topScore: 0,
      told: null,
    };
    object.seenMs = frame.atMs;
    object.topScore = Math.max(object.topScore, detection.score);
    // The one that was seen last is the last.
    objects.delete(trackId);
    objects.set(trackId, object);
    const [oldest] = objects.values();
    const pushedOut = objects.size > OBJECTS_MAX && oldest !== undefined ? end(objects, oldest) : [];
    if (frame.atMs - object.toldMs < UPDATE_MS) return pushedOut;
    object.toldMs = frame.atMs;
    const after = describe(object, { trackId, detection, frame, record });
    return [...pushedOut, message(before === undefined ? "new" : "update", object, after)];
  }

  return (record) => {
    const objects = objectsOf(record.id.sourceId);
    if (record.type === "closed") return [...objects.values()].flatMap((object) => end(objects, object));
    if (record.type !== "result") return [];
    return (shownFrames(record)?.frames ?? []).flatMap((frame) => [
      ...frame.detections.flatMap((detection) => {
        const { trackId } = detection;
        return trackId === undefined ? [] : seen(objects, { trackId, detection, frame, record });
      }),
      ...[...objects.values()]
        .filter(({ seenMs }) => frame.atMs - seenMs >= GONE_MS)
        .flatMap((object) => end(objects, object)),
    ]);
  };
}

interface Sighting {
  readonly trackId: number;
  readonly detection: Detection;
  readonly frame: ShownFrame;
  readonly record: StoredResult;
}

/** As Frigate has it, without what only a recorder knows: boxes in pixels, times in seconds. */
function describe(
  object: Tracked,
  { trackId, detection, frame, record }: Sighting,
): Readonly<Record<string, unknown>> {
  const { width, height } = record.configuration;
  const left = Math.round(detection.x * width);
  const top = Math.round(detection.y * height);
  const right = Math.round((detection.x + detection.width) * width);
  const bottom = Math.round((detection.y + detection.height) * height);
  return {
    id: `${(object.startMs / 1_000).toFixed(6)}-${record.id.sourceId}.${trackId}`,
    camera: record.id.sourceId,
    frame_time: frame.atMs / 1_000,
    label: detection.label,
    sub_label: null,
    top_score: object.topScore,
    false_positive: false,
    start_time: object.startMs / 1_000,
    end_time: null,
    score: detection.score,
    box: [left, top, right, bottom],
    area: (right - left) * (bottom - top),
    region: [0, 0, width, height],
    current_zones: [],
    entered_zones: [],
    has_snapshot: false,
    has_clip: false,
    stationary: false,
  };
}
