/**
 * Bilinear resize of an interleaved uint8 RGB frame into three float32 planes, written where the model reads them.
 *
 * Samples sit at pixel centres and no low-pass filter is applied, as `INTER_LINEAR` of OpenCV does it, which the
 * detection models were trained with. The taps of a row and of a column are computed once for a pair of sizes.
 */

export interface Size {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** Where each target sample lies in the source: index of the lower neighbour, of the upper one, and the upper one's share. */
interface Taps {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly share: Float32Array;
}

/** What becomes of a sample value: `(value - offset) * factor`. */
export interface Normalization {
  readonly offset: number;
  readonly factor: number;
}

export class Resampler {
  readonly source: Size;
  readonly target: Size;
  readonly #columns: Taps;
  readonly #rows: Taps;

  constructor(source: Size, target: Size) {
    this.source = source;
    this.target = target;
    this.#columns = taps(source.width, target.width, 3);
    this.#rows = taps(source.height, target.height, 1);
  }

  /**
   * Writes the resized frame into `planes` of `stride` samples a row, top left at their first sample.
   *
   * @param frame uint8 HWC RGB, `source.width * source.height * 3` bytes
   * @param planes float32, one for red, green and blue each, `stride * target.height` samples or more
   */
  write(
    frame: Uint8Array,
    [red, green, blue]: readonly [Float32Array, Float32Array, Float32Array],
    stride: number,
    { offset, factor }: Normalization,
  ): void {
    const { width, height } = this.target;
    const rowBytes = this.source.width * 3;
    const { lower: lefts, upper: rights, share: xShares } = this.#columns;
    for (let y = 0; y < height; y++) {
      const above = (this.#rows.lower[y] ?? 0) * rowBytes;
      const below = (this.#rows.upper[y] ?? 0) * rowBytes;
      const yShare = this.#rows.share[y] ?? 0;
      for (let x = 0, to = y * stride; x < width; x++, to++) {
        const left = lefts[x] ?? 0;
        const right = rights[x] ?? 0;
        const xShare = xShares[x] ?? 0;
        red[to] =
          (mix(frame, above + left, above + right, below + left, below + right, xShare, yShare) - offset) *
          factor;
        green[to] =
          (mix(
            frame,
            above + left + 1,
            above + right + 1,
            below + left + 1,
            below + right + 1,
            xShare,
            yShare,
          ) -
            offset) *
          factor;
        blue[to] =
          (mix(
            frame,
            above + left + 2,
            above + right + 2,
            below + left + 2,
            below + right + 2,
            xShare,
            yShare,
          ) -
            offset) *
          factor;
      }
    }
  }
}

function mix(
  frame: Uint8Array,
  a: number,
  b: number,
  c: number,
  d: number,
  xShare: number,
  yShare: number,
): number {
  const av = frame[a] ?? 0;
  const cv = frame[c] ?? 0;
  const top = av + ((frame[b] ?? 0) - av) * xShare;
  const bottom = cv + ((frame[d] ?? 0) - cv) * xShare;
  return top + (bottom - top) * yShare;
}

/** @param step distance of two neighbouring samples in the source, in elements */
function taps(sourceCount: number, targetCount: number, step: number): Taps {
  const lower = new Int32Array(targetCount);
  const upper = new Int32Array(targetCount);
  const share = new Float32Array(targetCount);
  const scale = sourceCount / targetCount;
  for (let index = 0; index < targetCount; index++) {
    const at = Math.min(Math.max((index + 0.5) * scale - 0.5, 0), sourceCount - 1);
    const floor = Math.floor(at);
    lower[index] = floor * step;
    upper[index] = Math.min(floor + 1, sourceCount - 1) * step;
    share[index] = at - floor;
  }
  return { lower, upper, share };
}
