import type { Drawer } from "../../api/client";

export type Rung = Drawer["rungs"][number];
export type Channel = Rung["tries"][number]["channels"][number];

/** How an officer hears what somebody says. */
export const HOWS = ["phone", "face", "radio", "sheet"] as const;
export type How = (typeof HOWS)[number];

/** Everybody on the ladder who is known by name, those who were called first first. */
export function namesOf(drawer: Drawer): { id: string; name: string }[] {
  const ids = [...new Set(drawer.rungs.flatMap((rung) => rung.people))];
  return ids.flatMap((id) => { const known = drawer.people[id]; return known ? [{ id, name: known.name }] : []; });
}

/** The channels that its plan uses. */
export function channelsOf(drawer: Drawer): Channel[] {
  return [...new Set(drawer.rungs.flatMap((rung) => rung.tries.flatMap(({ channels }) => channels)))];
}

/** What is called next: the first rung with posts above the highest that was reached. */
export function nextRung(drawer: Drawer): Rung | null {
  const reached = drawer.rungs.findLastIndex((rung) => rung.reached_at);
  return drawer.rungs.slice(reached + 1).find((rung) => rung.posts.length) ?? null;
}
