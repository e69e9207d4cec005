import type { Board, Display } from "../../api/client";

/** What the board shows, what needs somebody first. */
export const DISPLAYS: readonly Display[] = ["overdue", "failed", "escalated", "pending", "sent", "delivered", "taken", "acked", "closed"];

export const TODO: ReadonlySet<Display> = new Set(["overdue", "failed", "escalated"]);

/** The same said by a shape, for who does not tell colours apart. */
export const SYMBOLS: Record<Display, string> = {
  pending: "○", sent: "→", delivered: "⇢", overdue: "!", escalated: "▲", failed: "✕", taken: "◆", acked: "✓", closed: "–",
};

/** Of all callouts, how many have been answered: what the bar and the curve show, too. */
export function answeredShare({ callouts, by_display }: Pick<Board["summary"], "callouts" | "by_display">): number | null {
  return callouts ? (by_display["acked"] ?? 0) / callouts : null;
}

export type Hatch = "diagonal" | "cross" | "dots";

/** Over these colours a hatch is drawn on the map. */
export const HATCHES: Partial<Record<Display, Hatch>> = { overdue: "diagonal", failed: "cross", escalated: "dots" };

const RANK = new Map(DISPLAYS.map((display, n) => [display, n]));

/** What comes first in the list; the smaller the sooner. */
export function rank(display: Display): number {
  return RANK.get(display) ?? DISPLAYS.length;
}
