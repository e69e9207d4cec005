import type { Layer } from "../../api/client";

/** World pixels of the web's map at zoom 0 are 256 wide; we reckon in those of zoom 12, from an origin, so that floats do. */
export const BASE_ZOOM = 12;
const WORLD = 256 * 2 ** BASE_ZOOM;
const MOST_CORNERS = 2 ** 26;
const POINT = 6; // half the width of a unit whose land is not known, as pixels of the base zoom

export type Point = readonly [x: number, y: number];
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** A unit with its land: rings of x, y in turn, in pixels of the base zoom from the origin. */
export interface Cell {
  unit: string;
  township: string;
  rings: Float64Array[];
  box: Box;
  centre: Point;
}

export function project(lat: number, lon: number): Point {
  const sine = Math.sin((lat * Math.PI) / 180);
  return [((lon + 180) / 360) * WORLD, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * WORLD];
}

/** Degrees north and east of each corner, in turn, from the whole-number steps of the map. */
export function degrees(steps: readonly number[], origin: readonly number[], scale: number): Float64Array {
  const found = new Float64Array(steps.length);
  let north = 0;
  let east = 0;
  for (let n = 0; n + 1 < steps.length; n += 2) {
    north += steps[n] as number;
    east += steps[n + 1] as number;
    found[n] = (origin[0] as number) + north / scale;
    found[n + 1] = (origin[1] as number) + east / scale;
  }
  return found;
}

function projected(corners: Float64Array, [left, top]: Point): Float64Array {
  const ring = new Float64Array(corners.length);
  for (let n = 0; n + 1 < corners.length; n += 2) {
    const [x, y] = project(corners[n] as number, corners[n + 1] as number);
    ring[n] = x - left;
    ring[n + 1] = y - top;
  }
  return ring;
}

function boxOf(rings: readonly Float64Array[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings)
    for (let n = 0; n + 1 < ring.length; n += 2) {
      left = Math.min(left, ring[n] as number);
      right = Math.max(right, ring[n] as number);
      top = Math.min(top, ring[n + 1] as number);
      bottom = Math.max(bottom, ring[n + 1] as number);
    }
  return [left, top, right, bottom];
}

function square([x, y]: Point): Float64Array {
  return Float64Array.of(x - POINT, y - POINT, x + POINT, y - POINT, x + POINT, y + POINT, x - POINT, y + POINT);
}

/** Where the map's own pixels begin. */
export function originOf(layer: Layer): Point {
  return project(layer.origin[0], layer.origin[1]);
}

/** The smallest units that have a place. */
export function cellsOf(layer: Layer): Cell[] {
  const origin = originOf(layer);
  const { id, kind, township, lat, lon, rings } = layer.units;
  const cells: Cell[] = [];
  id.forEach((unit, n) => {
    if (kind[n] !== "grid") return;
    const land = rings[n]?.map((steps) => projected(degrees(steps, layer.origin, layer.scale), origin)) ?? [];
    const [north, east] = [lat[n], lon[n]];
    if (!land.length && (north == null || east == null)) return;
    const point = north != null && east != null ? project(north, east) : null;
    const from: Point | null = point && [point[0] - origin[0], point[1] - origin[1]];
    const shown = land.length || !from ? land : [square(from)];
    const box = boxOf(shown);
    const centre: Point = from ?? [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    cells.push({ unit, township: township[n] ?? "", rings: shown, box, centre });
  });
  return cells;
}

/** Whether a point lies in rings, by the even-odd rule. */
export function inside(rings: readonly Float64Array[], [x, y]: Point): boolean {
  let within = false;
  for (const ring of rings)
    for (let n = 0, last = ring.length - 2; n + 1 < ring.length; last = n, n += 2) {
      const [ax, ay, bx, by] = [ring[n], ring[n + 1], ring[last], ring[last + 1]] as [number, number, number, number];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
    }
  return within;
}

export function cellAt(cells: readonly Cell[], point: Point): Cell | null {
  const [x, y] = point;
  return cells.find(({ box, rings }) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3] && inside(rings, point)) ?? null;
}

/** A corner as one whole number, to a hundredth of a pixel. */
function corner(x: number, y: number): number {
  return Math.round(x * 100) * 2 ** 26 + Math.round(y * 100);
}

/** Edges that only one cell of a township has: its border. Each is x, y, x, y. */
export function borders(cells: readonly Cell[]): Float64Array {
  const corners = new Map<number, number>(); // each gets a small number, so that two of them make one safe number
  const towns = new Map<string, Map<number, readonly [ring: Float64Array, n: number, last: number] | null>>();
  const numbered = (x: number, y: number) => {
    const at = corner(x, y);
    const found = corners.get(at) ?? corners.size;
    if (found === corners.size) corners.set(at, found);
    return found;
  };
  for (const { rings, township } of cells) {
    let seen = towns.get(township);
    if (!seen) towns.set(township, (seen = new Map()));
    for (const ring of rings) {
      let from = numbered(ring[ring.length - 2] as number, ring[ring.length - 1] as number);
      for (let n = 0, last = ring.length - 2; n + 1 < ring.length; last = n, n += 2) {
        const to = numbered(ring[n] as number, ring[n + 1] as number);
        const key = from < to ? from * MOST_CORNERS + to : to * MOST_CORNERS + from;
        seen.set(key, seen.has(key) ? null : [ring, n, last]);
        from = to;
      }
    }
  }
  const found: number[] = [];
  for (const seen of towns.values())
    for (const edge of seen.values()) if (edge) {
      const [ring, n, last] = edge;
      found.push(ring[last] as number, ring[last + 1] as number, ring[n] as number, ring[n + 1] as number);
    }
  return Float64Array.from(found);
}
