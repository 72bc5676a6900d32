/** Rectangles as shares of the frame, or in any other unit that both sides of a call agree on. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Area of the overlap over area of the union, 0 to 1 (intersection over union). */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  if (width <= 0) return 0;
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (height <= 0) return 0;
  const overlap = width * height;
  return overlap / (a.width * a.height + b.width * b.height - overlap);
}

/** The box from corner to corner, cut at the borders of the frame; null where nothing is left of it. */
export function clippedToFrame(left: number, top: number, right: number, bottom: number): Box | null {
  const x = Math.max(0, left);
  const y = Math.max(0, top);
  const width = Math.min(1, right) - x;
  const height = Math.min(1, bottom) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}
