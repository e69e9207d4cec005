import type { Display } from "../../api/client";
import { DISPLAYS, HATCHES, SYMBOLS, type Hatch } from "./displays";
import type { Cell } from "./geometry";

const TILE = 8;
const SYMBOL_SIDE = 30; // a cell at least so wide and high, in pixels of the screen, shows its symbol

export interface Paint {
  fills: Map<Display | null, string>;
  inks: Map<Display, string>;
  hatches: Map<Display, CanvasPattern>;
  line: string;
  border: string;
  mark: string;
}

/** A view of the map: pixels of the screen are those of the cells, times scale, plus left and top. */
export interface View {
  scale: number;
  left: number;
  top: number;
}

/** The colours of the page as they are now. */
export function paintOf(context: CanvasRenderingContext2D): Paint {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const hatches = new Map<Display, CanvasPattern>();
  for (const [display, hatch] of Object.entries(HATCHES) as [Display, Hatch][]) {
    const pattern = context.createPattern(tile(hatch, colour("hatch")), "repeat");
    if (pattern) hatches.set(display, pattern);
  }
  return {
    fills: new Map<Display | null, string>([[null, colour("land")], ...DISPLAYS.map((display): [Display, string] => [display, colour(display)])]),
    inks: new Map(DISPLAYS.map((display) => [display, colour(`on-${display}`)])),
    hatches,
    line: colour("panel"),
    border: colour("border"),
    mark: colour("accent"),
  };
}

function tile(hatch: Hatch, ink: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = TILE;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.strokeStyle = context.fillStyle = ink;
  context.lineWidth = 1.5;
  context.beginPath();
  if (hatch === "dots") context.arc(TILE / 2, TILE / 2, 1.4, 0, 2 * Math.PI);
  else for (const shift of [-TILE, 0, TILE]) {
    context.moveTo(shift, TILE);
    context.lineTo(shift + TILE, 0);
    if (hatch === "cross") {
      context.moveTo(shift, 0);
      context.lineTo(shift + TILE, TILE);
    }
  }
  if (hatch === "dots") context.fill();
  else context.stroke();
  return canvas;
}

export function pathOf({ rings }: Cell): Path2D {
  const path = new Path2D();
  for (const ring of rings) {
    path.moveTo(ring[0] as number, ring[1] as number);
    for (let n = 2; n + 1 < ring.length; n += 2) path.lineTo(ring[n] as number, ring[n + 1] as number);
    path.closePath();
  }
  return path;
}

/** Paint a cell over whatever stood there. */
export function paintCell(context: CanvasRenderingContext2D, paint: Paint, view: View, cell: Cell, path: Path2D, display: Display | null): void {
  context.fillStyle = paint.fills.get(display) ?? "";
  context.fill(path, "evenodd");
  const hatch = display && paint.hatches.get(display);
  if (hatch) {
    hatch.setTransform(new DOMMatrix().scale(1 / view.scale));
    context.fillStyle = hatch;
    context.globalAlpha = 0.55;
    context.fill(path, "evenodd");
    context.globalAlpha = 1;
  }
  context.strokeStyle = paint.line;
  context.lineWidth = 0.8 / view.scale;
  context.stroke(path);
  const side = Math.min(cell.box[2] - cell.box[0], cell.box[3] - cell.box[1]);
  if (display && side * view.scale >= SYMBOL_SIDE) paintSymbol(context, paint, view, cell, display);
}

function paintSymbol(context: CanvasRenderingContext2D, paint: Paint, view: View, { centre }: Cell, display: Display): void {
  context.beginPath();
  context.arc(centre[0], centre[1], 8 / view.scale, 0, 2 * Math.PI);
  context.fillStyle = paint.fills.get(display) ?? "";
  context.fill();
  context.fillStyle = paint.inks.get(display) ?? "";
  context.font = `bold ${12 / view.scale}px sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(SYMBOLS[display], centre[0], centre[1]);
}
