import type { Person } from "../../api/client";

/** A number in a form: one that is there, masked, or one that is typed. */
export interface Line {
  /** Of one that is there. */
  id: string | null;
  /** How it is shown, masked. */
  shown: string;
  /** What is typed in its place; null: it stays. */
  typed: string | null;
  as: "phone" | "wecom";
}

export function linesOf(person: Person | null): Line[] {
  return person === null ? [blank()] : person.numbers.map((one) => ({ id: one.id, shown: one.value, typed: null, as: one.kind === "wecom" ? "wecom" : "phone" }));
}

export function blank(): Line {
  return { id: null, shown: "", typed: "", as: "phone" };
}

/** What is sent: a number that stays by its id, so that nobody needs to see it. */
export function numbersOf(lines: readonly Line[]): { id: string | null; value: string | null; kind: "wecom" | null }[] {
  return lines
    .filter((line) => line.typed === null || line.typed.trim() !== "")
    .map((line) => (line.typed === null && line.id ? { id: line.id, value: null, kind: null } : { id: null, value: (line.typed ?? "").trim(), kind: line.as === "wecom" ? "wecom" : null }));
}

/** What was typed, on top of what somebody else has made of him meanwhile. */
export function rebased(mine: readonly Line[], theirs: readonly Line[]): Line[] {
  const typed = mine.filter((line) => line.typed !== null && line.typed !== "");
  const inPlace = new Map(typed.flatMap((line) => (line.id ? [[line.id, line] as const] : [])));
  const kept = theirs.map((line) => inPlace.get(line.id ?? "") ?? line);
  return [...kept, ...typed.filter((line) => !kept.includes(line)).map((line) => ({ ...line, id: null }))];
}
