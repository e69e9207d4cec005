import L from "leaflet";
import type { Display } from "../../api/client";
import { BASE_ZOOM, borders, cellAt, inside, type Cell, type Point } from "./geometry";
import { paintCell, paintOf, pathOf, type Paint, type View } from "./paint";

const PAD = 20;
const LEGEND = 70; // what it covers at the foot

/** All grids on one canvas of a Leaflet map, and what lies over them on another. Repaints what has changed, once a frame. */
export class GridLayer {
  private readonly ground = canvas("grids");
  private readonly over = canvas("over");
  private readonly context = this.ground.getContext("2d") as CanvasRenderingContext2D;
  private readonly above = this.over.getContext("2d") as CanvasRenderingContext2D;
  private readonly paths: Map<string, Path2D>;
  private readonly byUnit: Map<string, Cell>;
  private readonly border = new Path2D();
  private readonly dirty = new Set<string>();
  private paint: Paint;
  private frame = 0;
  private stale = true; // whether what lies over the grids has changed
  private view: View = { scale: 1, left: 0, top: 0 };
  private through = false;
  chosen: ReadonlySet<string> = new Set();
  lasso: readonly Point[] = [];

  constructor(
    private readonly map: L.Map,
    private readonly cells: readonly Cell[],
    private readonly origin: Point,
    private readonly display: (unit: string) => Display | null,
  ) {
    this.paint = paintOf(this.context);
    this.paths = new Map(cells.map((cell) => [cell.unit, pathOf(cell)]));
    this.byUnit = new Map(cells.map((cell) => [cell.unit, cell]));
    const edges = borders(cells);
    for (let n = 0; n + 3 < edges.length; n += 4) {
      this.border.moveTo(edges[n] as number, edges[n + 1] as number);
      this.border.lineTo(edges[n + 2] as number, edges[n + 3] as number);
    }
    map.getPanes().overlayPane.append(this.ground, this.over);
    map.on("move zoomend resize", this.reset, this);
  }

  /** Whether a map beneath shines through. */
  set sheer(on: boolean) {
    this.through = on;
    this.ground.style.opacity = on ? "0.7" : "1";
    this.reset();
  }

  remove(): void {
    this.map.off("move zoomend resize", this.reset, this);
    cancelAnimationFrame(this.frame);
    this.ground.remove();
    this.over.remove();
  }

  /** Show all of the land. */
  fit(): void {
    const [left, top, right, bottom] = this.extent();
    const corner = (x: number, y: number) => this.map.unproject([x + this.origin[0], y + this.origin[1]], BASE_ZOOM);
    this.map.fitBounds(L.latLngBounds(corner(left, top), corner(right, bottom)), { paddingTopLeft: [PAD, PAD], paddingBottomRight: [PAD, LEGEND], animate: false });
    this.reset();
  }

  private extent(): [number, number, number, number] {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { box } of this.cells) {
      left = Math.min(left, box[0]);
      top = Math.min(top, box[1]);
      right = Math.max(right, box[2]);
      bottom = Math.max(bottom, box[3]);
    }
    return [left, top, right, bottom];
  }

  /** Move a unit into sight, left of what covers so many pixels at the right. */
  reveal(unit: string, covered: number): void {
    const cell = this.byUnit.get(unit);
    if (!cell) return;
    const at = this.map.unproject([cell.centre[0] + this.origin[0], cell.centre[1] + this.origin[1]], BASE_ZOOM);
    this.map.panInside(at, { paddingTopLeft: [60, 60], paddingBottomRight: [60 + covered, 60], animate: false });
  }

  /** Paint these units again with the next frame. */
  touch(units: Iterable<string>): void {
    for (const unit of units) if (this.paths.has(unit)) this.dirty.add(unit);
    this.frame ||= requestAnimationFrame(() => this.repaint());
  }

  /** Paint what lies over the grids again: what is chosen, and the lasso. */
  mark(): void {
    this.stale = true;
    this.touch([]);
  }

  recolour(): void {
    this.paint = paintOf(this.context);
    this.reset();
  }

  unitAt(event: L.LeafletMouseEvent): string | null {
    return cellAt(this.cells, this.pointAt(event))?.unit ?? null;
  }

  pointAt(event: L.LeafletMouseEvent): Point {
    const { x, y } = event.containerPoint;
    return [(x - this.view.left) / this.view.scale, (y - this.view.top) / this.view.scale];
  }

  /** Units whose middle lies within the lasso. */
  caught(): string[] {
    const ring = Float64Array.from(this.lasso.flat());
    return this.cells.filter((cell) => inside([ring], cell.centre)).map((cell) => cell.unit);
  }

  private reset(): void {
    const { x, y } = this.map.getSize();
    const ratio = devicePixelRatio;
    for (const one of [this.ground, this.over]) {
      one.width = x * ratio;
      one.height = y * ratio;
      one.style.width = `${x}px`;
      one.style.height = `${y}px`;
      L.DomUtil.setPosition(one, this.map.containerPointToLayerPoint([0, 0]));
    }
    const corner = this.map.getPixelBounds().min as L.Point;
    const scale = 2 ** (this.map.getZoom() - BASE_ZOOM);
    this.view = { scale, left: this.origin[0] * scale - corner.x, top: this.origin[1] * scale - corner.y };
    this.context.fillStyle = this.paint.line;
    if (!this.through) this.context.fillRect(0, 0, this.ground.width, this.ground.height);
    this.stale = true;
    this.touch(this.visible());
  }

  private visible(): string[] {
    const { x, y } = this.map.getSize();
    const { scale, left, top } = this.view;
    return this.cells
      .filter(({ box }) => box[2] * scale + left >= 0 && box[0] * scale + left <= x && box[3] * scale + top >= 0 && box[1] * scale + top <= y)
      .map((cell) => cell.unit);
  }

  private place(context: CanvasRenderingContext2D): void {
    const ratio = devicePixelRatio;
    const { scale, left, top } = this.view;
    context.setTransform(scale * ratio, 0, 0, scale * ratio, left * ratio, top * ratio);
  }

  private repaint(): void {
    this.frame = 0;
    this.place(this.context);
    for (const unit of this.dirty) {
      const cell = this.byUnit.get(unit) as Cell;
      paintCell(this.context, this.paint, this.view, cell, this.paths.get(unit) as Path2D, this.display(unit));
    }
    this.dirty.clear();
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    if (this.stale) this.paintOver();
    this.stale = false;
  }

  private paintOver(): void {
    const context = this.above;
    const { scale } = this.view;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.over.width, this.over.height);
    this.place(context);
    context.strokeStyle = this.paint.border;
    context.lineWidth = 1.6 / scale;
    context.stroke(this.border);
    context.strokeStyle = this.paint.mark;
    context.lineWidth = 4 / scale;
    for (const unit of this.chosen) {
      const path = this.paths.get(unit);
      if (path) context.stroke(path);
    }
    if (this.lasso.length > 1) {
      context.beginPath();
      for (const [x, y] of this.lasso) context.lineTo(x, y);
      context.closePath();
      context.setLineDash([6 / scale, 4 / scale]);
      context.lineWidth = 2 / scale;
      context.stroke();
      context.setLineDash([]);
    }
  }
}

function canvas(name: string): HTMLCanvasElement {
  const made = document.createElement("canvas");
  made.dataset.layer = name;
  made.setAttribute("aria-hidden", "true");
  return made;
}
