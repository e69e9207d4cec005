import type { Layer } from "../../api/client";

/** A unit with what lies below it; the smallest below are its leaves. */
export interface Node {
  id: string;
  name: string;
  kind: string;
  parent: string | null;
  children: Node[];
  leaves: readonly string[];
}

export type Chosen = ReadonlySet<string>;
export type Share = "all" | "some" | "none";

const FOUND_MOST = 60;
const BETWEEN_CODES = /[\s,;，；、]+/;

/** All units as a tree. What is chosen is a set of leaves, whichever way it was chosen. */
export class Land {
  readonly nodes = new Map<string, Node>();
  readonly tops: Node[] = [];

  constructor({ units }: Pick<Layer, "units">) {
    units.id.forEach((id, n) => {
      this.nodes.set(id, { id, name: units.name[n] ?? "", kind: units.kind[n] ?? "", parent: units.parent[n] ?? null, children: [], leaves: [] });
    });
    for (const node of this.nodes.values()) {
      const above = node.parent === null ? undefined : this.nodes.get(node.parent);
      (above?.children ?? this.tops).push(node);
    }
    this.tops.forEach(gather);
  }

  share(node: Node, chosen: Chosen): Share {
    const count = this.count(node, chosen);
    return count === 0 ? "none" : count === node.leaves.length ? "all" : "some";
  }

  count(node: Node, chosen: Chosen): number {
    return node.leaves.reduce((sum, leaf) => sum + Number(chosen.has(leaf)), 0);
  }

  /** Everything below a unit is chosen, or, where it all was, no longer. */
  toggled(node: Node, chosen: Chosen): Set<string> {
    const next = new Set(chosen);
    const drop = this.share(node, chosen) === "all";
    for (const leaf of node.leaves) if (drop) next.delete(leaf);
      else next.add(leaf);
    return next;
  }

  /** The fewest units that stand for what is chosen: a unit all of whose leaves are chosen stands for them. */
  tersely(chosen: Chosen): string[] {
    const found: string[] = [];
    const walk = (node: Node) => {
      const share = this.share(node, chosen);
      if (share === "all") found.push(node.id);
      else if (share === "some") node.children.forEach(walk);
    };
    this.tops.forEach(walk);
    return found;
  }

  leavesOf(units: Iterable<string>): string[] {
    return [...units].flatMap((unit) => this.nodes.get(unit)?.leaves ?? []);
  }

  /** The units that pasted text names, by code or by their whole name, and each word that names none. */
  read(text: string): { known: string[]; unknown: string[] } {
    const words = [...new Set(text.split(BETWEEN_CODES).filter(Boolean))];
    const found = words.map((word) => ({ word, units: this.named(word) }));
    return { known: found.flatMap((one) => one.units), unknown: found.filter((one) => !one.units.length).map((one) => one.word) };
  }

  private named(word: string): string[] {
    if (this.nodes.has(word)) return [word];
    const same = [...this.nodes.values()].filter((node) => node.name === word);
    return same.length === 1 ? same.map((node) => node.id) : [];
  }

  /** Units whose name or code holds a text, the largest first. */
  search(text: string): Node[] {
    const wanted = text.trim();
    if (!wanted) return [];
    const hits = [...this.nodes.values()].filter((node) => node.name.includes(wanted) || node.id.startsWith(wanted));
    return hits.sort((one, other) => other.leaves.length - one.leaves.length || one.id.localeCompare(other.id)).slice(0, FOUND_MOST);
  }

  /** Where a unit is: the names above it, below the topmost. */
  path(node: Node): string {
    const names: string[] = [];
    for (let above = this.nodes.get(node.parent ?? ""); above?.parent; above = this.nodes.get(above.parent)) names.unshift(above.name);
    return names.join(" › ");
  }
}

function gather(node: Node): void {
  node.children.forEach(gather);
  node.leaves = node.children.length ? node.children.flatMap((child) => child.leaves) : [node.id];
}
