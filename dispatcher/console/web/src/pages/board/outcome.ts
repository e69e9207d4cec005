import type { Drawer } from "../../api/client";
import { told } from "../../words/words.svelte";

/** Whom an order has called, and how: what came into the history since. */
export function called(before: Drawer, after: Drawer): string {
  const planned = after.timeline.slice(before.timeline.length).filter((fact) => fact["kind"] === "attempt_planned");
  const words = planned.map((fact) => `${told("channel", String(fact["channel"]))} ${after.people[String(fact["person"])]?.name ?? ""}`.trim());
  return [...new Set(words)].join("、");
}

/** How often each reason was given, the most frequent first. */
export function reasons(results: readonly { ok: boolean; code?: string | null }[]): [code: string, many: number][] {
  const found = new Map<string, number>();
  for (const { ok, code } of results) if (!ok && code) found.set(code, (found.get(code) ?? 0) + 1);
  return [...found].sort((one, other) => other[1] - one[1]);
}
