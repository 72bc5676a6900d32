/**
 * Names of colours, and the dominant one of a part of a frame.
 *
 * Plain TypeScript: a name is one look-up in a table of all colours, and at most 1,600 pixels of a box are looked up.
 * That takes less time than onnxruntime needs to be called at all (bench/micro/services.ts), and copies nothing.
 */

import type { RgbFrame } from "../service.js";
import type { Box } from "./box.js";

export const COLOURS = [
  "red",
  "orange",
  "yellow",
  "green",
  "blue",
  "purple",
  "white",
  "grey",
  "black",
] as const;
export type Colour = (typeof COLOURS)[number];

/** Pixels looked at along each side of a box, at most. */
const SAMPLES_PER_SIDE = 40;
/** Bits of each channel that count: colours closer than 8 levels have one name. */
const BITS = 5;

/**
 * @param part share of the box's width and height around its centre that is looked at, above 0 to 1: the rest of a box
 *   shows what is behind the thing
 * @returns the name of most pixels, and their share of all; null where the box has no pixel
 */
export function dominantColour(
  frame: RgbFrame,
  box: Box,
  part: number,
): { readonly colour: Colour; readonly share: number } | null {
  const { width, height, data } = frame;
  const left = clamp(Math.floor((box.x + (box.width * (1 - part)) / 2) * width), width - 1);
  const top = clamp(Math.floor((box.y + (box.height * (1 - part)) / 2) * height), height - 1);
  const right = clamp(Math.ceil((box.x + (box.width * (1 + part)) / 2) * width), width);
  const bottom = clamp(Math.ceil((box.y + (box.height * (1 + part)) / 2) * height), height);
  if (right <= left || bottom <= top) return null;
  const stepX = Math.ceil((right - left) / SAMPLES_PER_SIDE);
  const stepY = Math.ceil((bottom - top) / SAMPLES_PER_SIDE);
  const counts = new Uint16Array(COLOURS.length);
  names ??= buildNames();
  let total = 0;
  for (let y = top; y < bottom; y += stepY) {
    for (let x = left; x < right; x += stepX) {
      const at = (y * width + x) * 3;
      const name = names[tableIndex(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0)] ?? 0;
      counts[name] = (counts[name] ?? 0) + 1;
      total++;
    }
  }
  let best = 0;
  for (let name = 1; name < counts.length; name++) if ((counts[name] ?? 0) > (counts[best] ?? 0)) best = name;
  const colour = COLOURS[best];
  return colour === undefined ? null : { colour, share: (counts[best] ?? 0) / total };
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}

function tableIndex(red: number, green: number, blue: number): number {
  const drop = 8 - BITS;
  return ((red >> drop) << (2 * BITS)) | ((green >> drop) << BITS) | (blue >> drop);
}

/** Of each colour, cut to `BITS` a channel, the index of its name. Made when it is first needed: most processes name none. */
let names: Uint8Array | null = null;

function buildNames(): Uint8Array {
  const size = 1 << BITS;
  const step = 256 / size;
  const table = new Uint8Array(size ** 3);
  for (let red = step / 2; red < 256; red += step) {
    for (let green = step / 2; green < 256; green += step) {
      for (let blue = step / 2; blue < 256; blue += step) {
        table[tableIndex(red, green, blue)] = COLOURS.indexOf(colourName(red, green, blue));
      }
    }
  }
  return table;
}

/**
 * The name of one colour by its hue, saturation and value (Smith, "Color gamut transform pairs", SIGGRAPH 1978).
 *
 * The borders between hues are the middles between the names' own hues: red 0, orange 30, yellow 55, green 120,
 * blue 220, purple 285 degrees. What has little colour is white, grey or black; the darker it is, the more
 * saturation it takes to show any.
 */
export function colourName(red: number, green: number, blue: number): Colour {
  const max = Math.max(red, green, blue);
  const chroma = max - Math.min(red, green, blue);
  const value = max / 255;
  if (value < 0.2) return "black";
  if (chroma / max < (value < 0.4 ? 0.35 : 0.2))
    return value > 0.8 ? "white" : value < 0.25 ? "black" : "grey";
  const hue = hueOf(red, green, blue, max, chroma);
  if (hue < 15 || hue >= 330) return "red";
  if (hue < 43) return "orange";
  if (hue < 70) return "yellow";
  if (hue < 170) return "green";
  return hue < 255 ? "blue" : "purple";
}

/** In degrees, 0 to 360. */
function hueOf(red: number, green: number, blue: number, max: number, chroma: number): number {
  if (max === red) return (60 * ((green - blue) / chroma) + 360) % 360;
  if (max === green) return 60 * ((blue - red) / chroma) + 120;
  return 60 * ((red - green) / chroma) + 240;
}
