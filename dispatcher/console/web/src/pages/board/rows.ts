import type { Display, Drawer, RowsPart } from "../../api/client";
import { rank } from "./displays";

/** One callout as a line of the board; times are milliseconds. */
export interface Row {
  id: string;
  unit: string;
  post: string;
  display: Display;
  marks: readonly string[];
  person: string;
  nextAt: number | null;
  nextWhat: string | null;
  deadlineAt: number | null;
  changedAt: number;
}

const time = (at: string | null | undefined) => (at ? Date.parse(at) : null);

function row(part: RowsPart, n: number): Row {
  return {
    id: part.id[n] as string,
    unit: part.unit[n] as string,
    post: part.post[n] as string,
    display: part.display[n] as Display,
    marks: part.marks[n] ?? [],
    person: part.person[n] ?? "",
    nextAt: time(part.next_at[n]),
    nextWhat: part.next_what[n] ?? null,
    deadlineAt: time(part.deadline_at[n]),
    changedAt: time(part.changed_at[n]) ?? 0,
  };
}

/** A line as its drawer shows it now. */
export function changedBy(line: Row, drawer: Drawer): Row {
  const { display, marks, next, deadline_at } = drawer;
  return { ...line, display, marks, nextAt: time(next?.at), nextWhat: next?.what ?? null, deadlineAt: time(deadline_at) };
}

/** The lines of a board, by callout and by unit. */
export class Rows {
  private readonly lines = new Map<string, Row>();
  private readonly units = new Map<string, Set<string>>();

  get size(): number {
    return this.lines.size;
  }

  all(): Iterable<Row> {
    return this.lines.values();
  }

  get(id: string): Row | undefined {
    return this.lines.get(id);
  }

  /** Lines of a unit, what needs somebody first. */
  ofUnit(unit: string): Row[] {
    const found = [...(this.units.get(unit) ?? [])].map((id) => this.lines.get(id) as Row);
    return found.sort((one, other) => rank(one.display) - rank(other.display));
  }

  /** How a unit is shown: as the line of it that needs somebody most. */
  display(unit: string): Display | null {
    let first: Display | null = null;
    for (const id of this.units.get(unit) ?? []) {
      const { display } = this.lines.get(id) as Row;
      if (first === null || rank(display) < rank(first)) first = display;
    }
    return first;
  }

  /** Put whole lines in, take others off. Gives units that may look different now, and lines that turned overdue. */
  apply(part: RowsPart, gone: readonly string[] = []): { units: Set<string>; overdue: Row[] } {
    const units = new Set<string>();
    const overdue: Row[] = [];
    part.id.forEach((id, n) => {
      const next = row(part, n);
      if (next.display === "overdue" && this.lines.get(id)?.display !== "overdue") overdue.push(next);
      this.put(next);
      units.add(next.unit);
    });
    for (const id of gone) {
      const unit = this.drop(id);
      if (unit) units.add(unit);
    }
    return { units, overdue };
  }

  put(line: Row): void {
    this.lines.set(line.id, line);
    this.place(line.unit).add(line.id);
  }

  /** Take a line off; gives its unit. */
  drop(id: string): string | null {
    const line = this.lines.get(id);
    if (!line) return null;
    this.lines.delete(id);
    this.place(line.unit).delete(id);
    return line.unit;
  }

  private place(unit: string): Set<string> {
    let found = this.units.get(unit);
    if (!found) this.units.set(unit, (found = new Set()));
    return found;
  }
}
