import type { Drawer } from "../../api/client";
import { clockTime } from "../../words/figures";
import { told } from "../../words/words.svelte";
import { t as own } from "./words";

export interface Entry {
  at: number;
  kind: string;
  details: string;
  by: string;
}

type Fact = Drawer["timeline"][number];

const GROUPS = { channel: "channel", meaning: "meaning", evidence: "evidence", mark: "mark", progress: "progress" } as const;
const HEARD = /^(phone|face|radio|sheet) (\d{4}-\d\d-\d\dT\S+) ?(.*)$/s;
const FIGURES = ["households", "people", "villages"] as const;
const NAMES = ["person", "taker", "assignee", "owner"] as const;

function text(fact: Fact, name: string): string {
  const value = fact[name];
  return typeof value === "string" ? value : "";
}

/** Officers by their own name, people by theirs; the machine itself needs no name. */
function byWhom(by: string, drawer: Drawer): string {
  if (by === "system") return "";
  return drawer.people[by]?.name ?? by.replace(/^(user|key):/, "");
}

/** An officer's note says how and when he heard it, and then what. */
function noted(note: string): string {
  const [, how = "", at = "", what = ""] = HEARD.exec(note) ?? [];
  return how ? [told("how", how), clockTime(Date.parse(at)), what].filter(Boolean).join(" ") : note;
}

function figured(fact: Fact): string {
  const figures = (fact["figures"] ?? {}) as Record<string, number | null>;
  return FIGURES.filter((name) => figures[name] != null).map((name) => `${own(name)} ${figures[name]}`).join("，");
}

function details(fact: Fact, drawer: Drawer): string {
  const people = NAMES.map((name) => text(fact, name)).filter(Boolean).map((id) => byWhom(id, drawer));
  const words = Object.entries(GROUPS).map(([name, group]) => [group, text(fact, name)] as const);
  return [...people, ...words.filter(([, name]) => name).map(([group, name]) => told(group, name)), figured(fact), fact["kind"] === "escalated" ? text(fact, "reason") : "", noted(text(fact, "note"))].filter(Boolean).join(" · ");
}

/** What has happened, the newest first. */
export function entries(drawer: Drawer): Entry[] {
  return drawer.timeline
    .map((fact) => ({ at: Date.parse(text(fact, "at")), kind: text(fact, "kind"), details: details(fact, drawer), by: byWhom(text(fact, "by"), drawer) }))
    .reverse();
}

/** Whom an order has called, and how: what came into the history since. */
export function called(before: Drawer, after: Drawer): string {
  const planned = after.timeline.slice(before.timeline.length).filter((fact) => fact["kind"] === "attempt_planned");
  const words = planned.map((fact) => `${told("channel", String(fact["channel"]))} ${after.people[String(fact["person"])]?.name ?? ""}`.trim());
  return [...new Set(words)].join("、");
}
