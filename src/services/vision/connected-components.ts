/** Connected components of a binary mask, eight neighbours to a cell. */

/** In cells; `right` and `bottom` are exclusive. */
export interface Component {
  /** In `ComponentFinder.labels`, from 1. */
  readonly label: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Number of cells. */
  readonly area: number;
}

/** Finds the components of masks of one size, in buffers that it keeps. */
export class ComponentFinder {
  readonly width: number;
  readonly height: number;
  /** Label of each cell after `find`, row by row; 0 is background. */
  readonly labels: Int32Array;
  readonly #stack: Int32Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.labels = new Int32Array(width * height);
    this.#stack = new Int32Array(width * height);
  }

  /** @param mask `width * height` cells, row by row, of which those that are not 0 count. */
  find(mask: Uint8Array): Component[] {
    const { width, height, labels } = this;
    if (mask.length !== labels.length) {
      throw new RangeError(`A mask of ${width} x ${height} has ${labels.length} cells: got ${mask.length}`);
    }
    labels.fill(0);
    const components: Component[] = [];
    for (let cell = 0; cell < mask.length; cell++) {
      if (mask[cell] !== 0 && labels[cell] === 0)
        components.push(this.#flood(mask, cell, components.length + 1));
    }
    return components;
  }

  /** A cell is labelled when it is pushed, so none is pushed twice and the stack never outgrows the mask. */
  #flood(mask: Uint8Array, start: number, label: number): Component {
    const { width, height, labels } = this;
    const stack = this.#stack;
    let depth = 0;
    let area = 0;
    let left = width;
    let right = 0;
    let top = height;
    let bottom = 0;
    labels[start] = label;
    stack[depth++] = start;
    while (depth > 0) {
      const cell = stack[--depth] ?? 0;
      const row = Math.trunc(cell / width);
      const column = cell - row * width;
      area++;
      if (column < left) left = column;
      if (column >= right) right = column + 1;
      if (row < top) top = row;
      if (row >= bottom) bottom = row + 1;
      const columnFirst = column > 0 ? column - 1 : 0;
      const columnLast = column < width - 1 ? column + 1 : column;
      const rowLast = row < height - 1 ? row + 1 : row;
      for (let y = row > 0 ? row - 1 : 0; y <= rowLast; y++) {
        for (let x = columnFirst; x <= columnLast; x++) {
          const neighbour = y * width + x;
          if (mask[neighbour] === 0 || labels[neighbour] !== 0) continue;
          labels[neighbour] = label;
          stack[depth++] = neighbour;
        }
      }
    }
    return { label, left, top, right, bottom, area };
  }
}
