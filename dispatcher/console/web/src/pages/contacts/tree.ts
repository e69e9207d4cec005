import type { Unit } from "../../api/client";

/** A line of the tree as it is drawn. */
export interface Branch {
  unit: Unit;
  depth: number;
  open: boolean;
}

const LEAF = "grid";

export function opens(unit: Unit): boolean {
  return unit.kind !== LEAF;
}

/** The tree from the top down, without what is closed or has not come yet. */
export function branches(children: ReadonlyMap<string, readonly Unit[]>, open: ReadonlySet<string>, top = "", depth = 0): Branch[] {
  return (children.get(top) ?? []).flatMap((unit) => {
    const shown = open.has(unit.id);
    return [{ unit, depth, open: shown }, ...(shown ? branches(children, open, unit.id, depth + 1) : [])];
  });
}

/** Where a key leads from a line: to another line, or to opening or closing this one. */
export function step(lines: readonly Branch[], at: number, key: string): { at: number; turn?: "open" | "close" } | null {
  const line = lines[at];
  switch (key) {
    case "ArrowDown":
      return { at: Math.min(lines.length - 1, at + 1) };
    case "ArrowUp":
      return { at: Math.max(0, at - 1) };
    case "Home":
      return { at: 0 };
    case "End":
      return { at: lines.length - 1 };
    case "ArrowRight":
      return line && opens(line.unit) && !line.open ? { at, turn: "open" } : { at: Math.min(lines.length - 1, at + 1) };
    case "ArrowLeft":
      return line?.open ? { at, turn: "close" } : { at: above(lines, at) };
    default:
      return null;
  }
}

function above(lines: readonly Branch[], at: number): number {
  const depth = lines[at]?.depth ?? 0;
  for (let n = at - 1; n >= 0; n -= 1) if ((lines[n]?.depth ?? 0) < depth) return n;
  return at;
}
