import type { Display } from "../../api/client";
import { rank, TODO } from "./displays";
import type { Place } from "./places";
import type { Row } from "./rows";

/** What the list shows; empty: everything. `state` is a display or "todo". */
export interface Filters {
  text: string;
  state: string;
  township: string;
}

export function filtersOf(query: URLSearchParams): Filters {
  return { text: query.get("q") ?? "", state: query.get("state") ?? "", township: query.get("township") ?? "" };
}

function stands(display: Display, state: string): boolean {
  return !state || (state === "todo" ? TODO.has(display) : display === state);
}

/** Lines that fit, what needs somebody first: within a state by what is due first. */
export function listed(rows: Iterable<Row>, places: ReadonlyMap<string, Place>, filters: Filters): Row[] {
  const words = filters.text.toLowerCase().split(/\s+/).filter(Boolean);
  const found: Row[] = [];
  for (const row of rows) {
    if (!stands(row.display, filters.state)) continue;
    const place = places.get(row.unit);
    if (filters.township && place?.township !== filters.township) continue;
    if (words.length) {
      const text = `${place?.townshipName ?? ""} ${place?.name ?? ""} ${row.unit} ${row.person}`.toLowerCase();
      if (!words.every((word) => text.includes(word))) continue;
    }
    found.push(row);
  }
  return found.sort(before);
}

function before(one: Row, other: Row): number {
  return rank(one.display) - rank(other.display) || due(one) - due(other) || (one.id < other.id ? -1 : 1);
}

function due(row: Row): number {
  return row.deadlineAt ?? row.nextAt ?? row.changedAt;
}
