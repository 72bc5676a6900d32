/** Lines over time, drawn by uPlot. */

import UPlot from "uplot";
import { html, useEffect, useRef } from "./view.js";

interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  /** Seconds since the Unix epoch, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
}

const COLOURS = ["#2a78d6", "#d6702a", "#2a9d5c", "#a34fd0", "#c0392b", "#7f8c1d"];
const HEIGHT_PX = 200;

export function Chart({ title, times, lines }: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const labels = lines.map(({ label }) => label).join("\n");
  useEffect(() => {
    if (holder.current === null) return undefined;
    const made = new UPlot(
      {
        title,
        width: holder.current.clientWidth,
        height: HEIGHT_PX,
        series: [
          {},
          ...lines.map(({ label }, index) => ({ label, stroke: COLOURS[index % COLOURS.length] ?? "" })),
        ],
        axes: [{ stroke: "gray" }, { stroke: "gray", size: 60 }],
      },
      dataOf(times, lines),
      holder.current,
    );
    plot.current = made;
    const resized = new ResizeObserver(([entry]) => {
      if (entry !== undefined) made.setSize({ width: entry.contentRect.width, height: HEIGHT_PX });
    });
    resized.observe(holder.current);
    return () => {
      resized.disconnect();
      made.destroy();
    };
    // Another plot for other lines; new values go into the one there is.
  }, [title, labels]);
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines]);
  return html`<div class="chart" ref=${holder}></div>`;
}

function dataOf(times: readonly number[], lines: readonly Line[]): UPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}
