/**
 * Results as ONVIF's scene description in JSON over MQTT (ONVIF Analytics Service Specification, "Metadata in JSON over MQTT"), as far as
 * a camera's detections go: compatible with it, and certified by nobody.
 *
 * The names are those of the schema's `Frame`. Coordinates run from -1 to 1, x to the right and y upwards.
 */

import type { Detection } from "../task/service.js";
import type { StoredRecord } from "../task/record.js";
import type { MqttMessage } from "./mqtt-outlet.js";
import { shownFrames } from "./shown-detections.js";

/** One message a frame, also where nothing is there: it says that the source is alive. */
export function onvifMessages(record: StoredRecord, prefix: string): readonly MqttMessage[] {
  if (record.type !== "result") return [];
  const shown = shownFrames(record);
  if (shown === null) return [];
  const topic = `${prefix}/onvif-mj/VideoAnalytics/${record.id.sourceId}/${shown.stage}`;
  return shown.frames.map(({ atMs, detections }) => ({
    topic,
    payload: JSON.stringify({ UtcTime: new Date(atMs).toISOString(), Object: detections.map(objectOf) }),
  }));
}

function objectOf({ x, y, width, height, score, label, trackId }: Detection, index: number): unknown {
  return {
    // Without one of its own an object is told from others of its frame alone.
    ObjectId: String(trackId ?? index),
    Appearance: {
      Shape: {
        BoundingBox: { left: across(x), top: up(y), right: across(x + width), bottom: up(y + height) },
        CenterOfGravity: { x: across(x + width / 2), y: up(y + height / 2) },
      },
      Class: { Type: label, Likelihood: score },
    },
  };
}

/** From shares of the frame, 0 to 1. */
const across = (share: number): number => rounded(2 * share - 1);
/** A row further down is further below. */
const up = (share: number): number => rounded(1 - 2 * share);
const rounded = (value: number): number => Math.round(value * 10_000) / 10_000 + 0;
