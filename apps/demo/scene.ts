/**
 * The scene of the demo clip: a street with four lanes, four vehicles of one colour each, and a pillar in front.
 * Everything is a function of the frame's index, so the ground truth is exact and each render gives the same pixels.
 */

export const WIDTH = 640;
export const HEIGHT = 360;
export const FPS = 25;
export const FRAME_COUNT = 300;

type Rgb = readonly [red: number, green: number, blue: number];

interface Vehicle {
  readonly id: string;
  readonly colour: "red" | "green" | "blue" | "yellow";
  readonly rgb: Rgb;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly y: number;
  /** Pixels a second; negative drives to the left. */
  readonly speed: number;
  readonly entersAtS: number;
  /** Stands still for `forS` seconds, `afterS` after it entered. */
  readonly stop?: { readonly afterS: number; readonly forS: number };
}

const VEHICLES: readonly Vehicle[] = [
  {
    id: "red-1",
    colour: "red",
    rgb: [205, 30, 35],
    width: 96,
    height: 46,
    y: 92,
    speed: 100,
    entersAtS: 0.4,
  },
  {
    id: "blue-1",
    colour: "blue",
    rgb: [30, 60, 205],
    width: 120,
    height: 54,
    y: 152,
    speed: -110,
    entersAtS: 1,
    stop: { afterS: 3.1, forS: 2 },
  },
  {
    id: "yellow-1",
    colour: "yellow",
    rgb: [235, 210, 30],
    width: 80,
    height: 40,
    y: 232,
    speed: 170,
    entersAtS: 3,
  },
  {
    id: "green-1",
    colour: "green",
    rgb: [25, 160, 55],
    width: 88,
    height: 44,
    y: 296,
    speed: -150,
    entersAtS: 6,
  },
];

/** Stands in front of the third lane. */
const PILLAR = { x: 420, y: 196, width: 34, height: 92 };

/** One vehicle in one frame. The box is what lies inside the frame, in shares of it. */
export interface TruthBox {
  readonly id: string;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Share of the box that the pillar does not hide, 0 to 1. */
  readonly visible: number;
  readonly moving: boolean;
}

/** The vehicles that frame `index` shows. */
export function truthOf(index: number): readonly TruthBox[] {
  return VEHICLES.flatMap((vehicle) => {
    const left = Math.max(0, leftOf(vehicle, index));
    const right = Math.min(WIDTH, leftOf(vehicle, index) + vehicle.width);
    if (right <= left) return [];
    const hiddenWidth = Math.max(0, Math.min(right, PILLAR.x + PILLAR.width) - Math.max(left, PILLAR.x));
    const hiddenHeight = Math.max(
      0,
      Math.min(vehicle.y + vehicle.height, PILLAR.y + PILLAR.height) - Math.max(vehicle.y, PILLAR.y),
    );
    return [
      {
        id: vehicle.id,
        colour: vehicle.colour,
        x: round(left / WIDTH),
        y: round(vehicle.y / HEIGHT),
        width: round((right - left) / WIDTH),
        height: round(vehicle.height / HEIGHT),
        visible: round(1 - (hiddenWidth * hiddenHeight) / ((right - left) * vehicle.height)),
        moving: leftOf(vehicle, index) !== leftOf(vehicle, index - 1),
      },
    ];
  });
}

/** Draws frame `index` into `pixels`: uint8 HWC RGB, `WIDTH * HEIGHT * 3` bytes. */
export function drawFrame(index: number, pixels: Uint8Array): void {
  pixels.set(BACKGROUND);
  for (const vehicle of VEHICLES) drawVehicle(vehicle, leftOf(vehicle, index), pixels);
  fill(pixels, PILLAR, [92, 84, 76]);
  fill(pixels, { ...PILLAR, x: PILLAR.x + 4, width: 5 }, [122, 112, 102]);
  addGrain(index, pixels);
}

/** Whole pixels, so that the truth is what is drawn. */
function leftOf(vehicle: Vehicle, index: number): number {
  let seconds = index / FPS - vehicle.entersAtS;
  if (vehicle.stop !== undefined && seconds > vehicle.stop.afterS) {
    seconds = Math.max(vehicle.stop.afterS, seconds - vehicle.stop.forS);
  }
  return Math.round((vehicle.speed > 0 ? -vehicle.width : WIDTH) + vehicle.speed * seconds);
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function drawVehicle(vehicle: Vehicle, x: number, pixels: Uint8Array): void {
  const { width, height, y, rgb, speed } = vehicle;
  const share = (part: number) => Math.round(width * part);
  fill(pixels, { x, y, width, height }, rgb);
  const glass: Rgb = [38, 44, 52];
  const windowY = y + Math.round(height * 0.2);
  const windowHeight = Math.round(height * 0.6);
  fill(pixels, { x: x + share(0.24), y: windowY, width: share(0.08), height: windowHeight }, glass);
  fill(pixels, { x: x + share(0.66), y: windowY, width: share(0.08), height: windowHeight }, glass);
  const lamp = { x: speed > 0 ? x + width - 4 : x, width: 4, height: 6 };
  fill(pixels, { ...lamp, y: y + 4 }, [250, 245, 215]);
  fill(pixels, { ...lamp, y: y + height - 10 }, [250, 245, 215]);
}

function fill(pixels: Uint8Array, box: Box, [red, green, blue]: Rgb): void {
  const right = Math.min(WIDTH, box.x + box.width);
  for (let y = box.y; y < box.y + box.height; y++) {
    for (let x = Math.max(0, box.x); x < right; x++) {
      const at = (y * WIDTH + x) * 3;
      pixels[at] = red;
      pixels[at + 1] = green;
      pixels[at + 2] = blue;
    }
  }
}

/** Asphalt with lane marks between a pavement above and below. */
const BACKGROUND = drawBackground();

function drawBackground(): Uint8Array {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const onRoad = y >= 78 && y < 348;
      const onMark = onRoad && [144, 214, 284].some((mark) => y >= mark && y < mark + 3) && x % 64 < 36;
      const onSlabEdge = !onRoad && (x % 48 < 2 || y % 26 < 2);
      const base = onMark ? 178 : onRoad ? 96 : onSlabEdge ? 122 : 146;
      const texture = ((hash(x >> 2, y >> 2, 1) & 15) + (hash(x, y, 2) & 7)) / 2 - 6;
      const at = (y * WIDTH + x) * 3;
      pixels[at] = base + texture;
      pixels[at + 1] = base + texture;
      pixels[at + 2] = base + texture + (onRoad ? 4 : -6);
    }
  }
  return pixels;
}

/** Noise of the sensor: up to two levels either way, different in each frame. */
function addGrain(index: number, pixels: Uint8Array): void {
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
    const grain = (hash(pixel, index, 3) % 5) - 2;
    const at = pixel * 3;
    for (let channel = at; channel < at + 3; channel++) {
      pixels[channel] = Math.max(0, Math.min(255, (pixels[channel] ?? 0) + grain));
    }
  }
}

/** Three integers to 32 well mixed bits: the finaliser of MurmurHash3. */
function hash(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77) ^ Math.imul(c, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function round(value: number): number {
  return Math.round(value * 1e5) / 1e5;
}
