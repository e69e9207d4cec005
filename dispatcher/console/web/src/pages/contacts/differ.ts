/** One field of a thing that is not what it was. */
export interface Difference {
  field: string;
  was: string;
  is: string;
}

/** What differs between two states of a thing, each told as text by its field. */
export function differences(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): Difference[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return fields.map((field) => ({ field, was: before[field] ?? "", is: after[field] ?? "" })).filter((one) => one.was !== one.is);
}

/** Whether something came, went or is another. */
export function turn(before: unknown, after: unknown): "added" | "changed" | "removed" {
  return before === null ? "added" : after === null ? "removed" : "changed";
}

/** How many of each there are. */
export function tally(changes: readonly { before: unknown; after: unknown }[]): Record<ReturnType<typeof turn>, number> {
  const counts = { added: 0, changed: 0, removed: 0 };
  for (const one of changes) counts[turn(one.before, one.after)] += 1;
  return counts;
}

/** What the server tells of a thing, as one line of text. */
export function told(thing: unknown): string {
  if (thing === null || thing === undefined) return "";
  if (Array.isArray(thing)) return thing.map(told).filter(Boolean).join("、");
  if (typeof thing !== "object") return String(thing);
  const known = thing as Record<string, unknown>;
  return ["name", "holders", "numbers", "value", "parent"].filter((field) => field in known).map((field) => told(known[field])).filter(Boolean).join(" · ");
}
