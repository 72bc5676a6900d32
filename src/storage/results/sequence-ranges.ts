/**
 * A set of sequence numbers as ranges: `[from, to, from, to, ...]`, both inclusive, ascending, never adjacent.
 *
 * The tasks of a source are settled almost in order, so the memory of all that were ever settled is a range or two.
 */

export type SequenceRanges = readonly number[];

export function hasSequence(ranges: SequenceRanges, sequence: number): boolean {
  const index = firstRangeEndingAt(ranges, sequence);
  const from = ranges[index];
  return from !== undefined && from <= sequence;
}

/** The ranges with `sequence` among them. */
export function addSequence(ranges: SequenceRanges, sequence: number): SequenceRanges {
  const index = firstRangeEndingAt(ranges, sequence - 1);
  const from = ranges[index];
  const to = ranges[index + 1];
  if (from === undefined || to === undefined || from > sequence + 1) {
    return [...ranges.slice(0, index), sequence, sequence, ...ranges.slice(index)];
  }
  if (from <= sequence && sequence <= to) return ranges;
  if (sequence < from) return [...ranges.slice(0, index), sequence, ...ranges.slice(index + 1)];
  const closesGap = ranges[index + 2] === sequence + 1;
  return closesGap
    ? [...ranges.slice(0, index + 1), ...ranges.slice(index + 3)]
    : [...ranges.slice(0, index + 1), sequence, ...ranges.slice(index + 2)];
}

/** Index of the first range whose end is `sequence` or behind it; the length where there is none. */
function firstRangeEndingAt(ranges: SequenceRanges, sequence: number): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle * 2 + 1] ?? Infinity) < sequence) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}
