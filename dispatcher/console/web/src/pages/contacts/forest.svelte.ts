import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { api, body, type Unit } from "../../api/client";
import { branches } from "./tree";

const LIMIT = 1000;

/** The units that have been asked for; what lies in one comes when it is opened. */
export class Forest {
  readonly open = new SvelteSet<string>();
  private readonly children = new SvelteMap<string, readonly Unit[]>();
  readonly lines = $derived.by(() => branches(this.children, this.open));

  /** What a unit that has come is called; its code until then. */
  nameOf(id: string): string {
    return this.lines.find((line) => line.unit.id === id)?.unit.name ?? id;
  }

  async begin(): Promise<void> {
    const tops = await every({ kind: "county" });
    this.children.set("", tops);
    for (const top of tops) await this.unfold(top.id);
  }

  async unfold(id: string): Promise<void> {
    if (!this.children.has(id)) this.children.set(id, await every({ parent: id }));
    this.open.add(id);
  }

  fold(id: string): void {
    this.open.delete(id);
  }

  /** Open everything above a unit. */
  async reveal(unit: Unit): Promise<void> {
    if (unit.parent === null) return;
    if (!this.lines.some((line) => line.unit.id === unit.parent)) {
      await this.reveal(await body(api.GET("/api/v1/units/{id}", { params: { path: { id: unit.parent } } })));
    }
    await this.unfold(unit.parent);
  }

  /** Read anew what lies in a unit; with null, the tops. */
  async renew(parent: string | null): Promise<void> {
    this.children.set(parent ?? "", await every(parent === null ? { kind: "county" } : { parent }));
  }
}

async function every(wanted: { kind?: Unit["kind"]; parent?: string }): Promise<Unit[]> {
  const found: Unit[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await body(api.GET("/api/v1/units", { params: { query: { ...wanted, limit: LIMIT, ...(cursor ? { cursor } : {}) } } }));
    found.push(...page.items);
    cursor = page.cursor;
  }
  return found;
}
