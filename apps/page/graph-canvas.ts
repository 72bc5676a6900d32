/** The graph of a draft: stages that are chosen and drawn between, by pointer and by keys. */

import type { StageDefinition } from "../../src/task/define-pipeline.js";
import { layOut, type Layout } from "./graph-layout.js";
import { carried, type Draft, type Services } from "./pipeline-draft.js";
import { html, useMemo, useRef, useState } from "./view.js";

interface CanvasProps {
  readonly draft: Draft;
  readonly services: Services;
  readonly chosen: string | null;
  /** The stage at fault; null where there is none. */
  readonly wrong: string | null;
  readonly choose: (id: string) => void;
  readonly remove: (id: string) => void;
  readonly connect: (from: string, to: string) => void;
}

const SIZE = { width: 170, height: 50 };
/** What gives every task its frames; no stage has such a name. */
const SOURCE = "$source";

interface Drag {
  readonly from: string;
  readonly x: number;
  readonly y: number;
}

export function GraphCanvas({ draft, services, chosen, wrong, choose, remove, connect }: CanvasProps) {
  const picture = useRef<SVGSVGElement>(null);
  const [drag, show] = useState<Drag | null>(null);
  // What has begun counts before it is drawn.
  const begun = useRef<string | null>(null);
  const setDrag = (next: Drag | null): void => {
    begun.current = next?.from ?? null;
    show(next);
  };
  const known = new Set(draft.stages.map(({ id }) => id));
  const arcs = draft.stages.flatMap(({ id, after = [] }) =>
    (after.length === 0 ? [SOURCE] : after.filter((from) => known.has(from))).map((from) => ({
      from,
      to: id,
    })),
  );
  const vertices = [SOURCE, ...known].map((id) => ({ id, group: null, ...SIZE }));
  const shape = JSON.stringify([vertices.map(({ id }) => id), arcs]);
  const laid = useMemo(() => layOut([], vertices, arcs), [shape]);
  const at = ({ clientX, clientY }: PointerEvent): { readonly x: number; readonly y: number } => {
    const box = picture.current?.getBoundingClientRect();
    return { x: clientX - (box?.x ?? 0), y: clientY - (box?.y ?? 0) };
  };
  const finish = ({ clientX, clientY }: PointerEvent): void => {
    // Under a finger the first element keeps all events.
    const over = document.elementFromPoint(clientX, clientY)?.closest("[data-stage]");
    const to = over instanceof SVGElement ? (over.dataset["stage"] ?? null) : null;
    const from = begun.current;
    if (from !== null && to !== null && to !== from) connect(from, to);
    setDrag(null);
  };
  const start = drag === null ? undefined : laid.places.get(drag.from);
  return html`<div class="scroll">
    <svg
      ref=${picture}
      class="graph drawn"
      width=${laid.width}
      height=${laid.height}
      role="group"
      aria-label="The stages of the pipeline"
      onPointerMove=${(event: PointerEvent) => begun.current !== null && setDrag({ from: begun.current, ...at(event) })}
      onPointerUp=${finish}
      onPointerCancel=${() => setDrag(null)}
    >
      ${arcs.map(({ from, to }, index) => html`<path key=${`${from}>${to}`} class="edge" d=${pathOf(laid, index)} />`)}
      ${drag !== null && start !== undefined && html`<path class="edge wanted" d=${`M${start.x + start.width} ${start.y + start.height / 2}L${drag.x} ${drag.y}`} />`}
      <${Box} place=${laid.places.get(SOURCE)} title="the source" detail="gives frame" kind="" />
      ${draft.stages.map((stage) => {
        const service = services.get(stage.service);
        const reads =
          service === undefined ? stage.service : `${service.inputs.join(", ")} → ${service.output}`;
        const isWrong = stage.id === wrong;
        const fits =
          drag !== null && drag.from !== stage.id && carried(draft, services, drag.from, stage.id) !== null;
        return html`<g
          key=${stage.id}
          data-stage=${stage.id}
          role="button"
          tabindex="0"
          aria-pressed=${stage.id === chosen}
          aria-label=${labelOf(stage, reads, isWrong)}
          onClick=${() => choose(stage.id)}
          onKeyDown=${(event: KeyboardEvent) => {
            if (event.key === "Enter" || event.key === " ") choose(stage.id);
            else if (event.key === "Delete") remove(stage.id);
            else return;
            event.preventDefault();
          }}
          onPointerDown=${(event: PointerEvent) => {
            choose(stage.id);
            // Whatever moves under the pointer meanwhile, the line goes on.
            picture.current?.setPointerCapture(event.pointerId);
            setDrag({ from: stage.id, ...at(event) });
          }}
        >
          <${Box}
            place=${laid.places.get(stage.id)}
            title=${stage.id}
            detail=${reads}
            kind=${`${stage.id === chosen ? "chosen" : ""} ${isWrong ? "wrong" : ""} ${fits ? "fits" : ""}`}
          />
        </g>`;
      })}
    </svg>
  </div>`;
}

function labelOf({ id, service, after = [] }: StageDefinition, reads: string, isWrong: boolean): string {
  const behind = after.length === 0 ? "takes what the source gives" : `comes after ${after.join(" and ")}`;
  return `${id}: ${service}, ${reads}, ${behind}${isWrong ? ", does not fit" : ""}`;
}

function pathOf({ lines }: Layout, index: number): string {
  return (lines[index] ?? []).map(({ x, y }, step) => `${step === 0 ? "M" : "L"}${x} ${y}`).join("");
}

interface BoxProps {
  readonly place: { readonly x: number; readonly y: number } | undefined;
  readonly title: string;
  readonly detail: string;
  readonly kind: string;
}

function Box({ place, title, detail, kind }: BoxProps) {
  if (place === undefined) return null;
  const { x, y } = place;
  return html`<g class=${`vertex ${kind}`}>
    <rect x=${x} y=${y} ...${SIZE} rx="4" />
    <text x=${x + 10} y=${y + 20} class="title">${title}</text>
    <text x=${x + 10} y=${y + 38}>${detail}</text>
  </g>`;
}
