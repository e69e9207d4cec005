import type { LogEntry } from "../../api/client";
import { dayTime } from "../../words/figures";
import { joined, told } from "../../words/words.svelte";
import { named, t } from "./words";

type About = LogEntry["about"];

/** The id of the person of the roster that an entry is about, where it is about one. */
export function personOf(entry: LogEntry): string | null {
  return entry.kind === "revealed" ? String(entry.about["person"]) : null;
}

const text = (about: About, name: string) => String(about[name] ?? "");
const list = (about: About, name: string) => (Array.isArray(about[name]) ? (about[name] as unknown[]).map(String) : []);

function figures(about: About): string {
  const counted = Object.entries((about["figures"] ?? {}) as Record<string, number>);
  const parts = counted.flatMap(([figure, n]) => {
    const [, thing = "", done = ""] = /^(.+)_(added|removed|changed)$/.exec(figure) ?? [];
    return thing && n ? [t(`figure_${done as "added" | "removed" | "changed"}`, { thing: named("thing", thing), n })] : [];
  });
  return joined(parts) || t("figure_none");
}

function revealed(about: About, person: string): string {
  const what = text(about, "what");
  return what === "numbers" || what === "sheet" ? t(`revealed_${what}`, { person }) : t("revealed_other", { person, what });
}

function keyMade(about: About): string {
  const [scopes, senders] = [joined(list(about, "scopes")), joined(list(about, "senders"))];
  return t(senders ? "key_made_senders" : "key_made", { name: text(about, "name"), scopes, senders });
}

const SENTENCES: Record<string, (about: About, person: string) => string> = {
  officer_changed: (about) => named("officer", text(about, "what")).replace("{officer}", text(about, "officer")).replace("{role}", named("role", text(about, "role"))),
  watch_begun: (about) => (about["note"] ? t("watch_begun_note", { note: text(about, "note") }) : t("watch_begun")),
  watch_ended: (about) => t("watch_ended", { officer: text(about, "officer") }),
  key_made: keyMade,
  key_ended: (about) => t("key_ended", { name: text(about, "name") }),
  channel_tried: (about) => t("channel_tried", { channel: text(about, "channel") }),
  revealed,
  roster_changed: (about) => named("roster", text(about, "how")).replace("{version}", text(about, "version")).replace("{figures}", figures(about)),
  duty_changed: (about) =>
    t(`duty_${text(about, "how") as "added" | "replaced" | "removed"}`, {
      form: named("form", text(about, "form")), unit: text(about, "unit"), post: told("post", text(about, "post")), people: list(about, "people").length,
    }),
  person_erased: (about) => t("person_erased", { n: list(about, "people").length, reason: text(about, "reason") }),
  key_rotated: (about) => t("key_rotated", { name: text(about, "name") }),
  exported: (about) => t("exported", { alert: text(about, "alert") }),
  restored_from: (about) => t("restored", { backup: text(about, "backup"), at: dayTime(Date.parse(text(about, "taken_at"))) }),
};

/** What happened, as people say it; of a kind we do not know, all that the entry holds. */
export function sentence(entry: LogEntry, person: string): string {
  const say = SENTENCES[entry.kind];
  return say ? say(entry.about, person) : `${entry.kind} ${JSON.stringify(entry.about)}`;
}

/** Who did it: an officer as he is called, a key, a user of the machine. */
export function doer(entry: LogEntry): string {
  const [kind = "", ...rest] = entry.by.split(":");
  const who = rest.join(":");
  if (kind === "os") return t("by_cli", { who });
  if (kind === "key") return t("by_key", { who });
  return entry.by === "system" ? t("by_system") : entry.by_name;
}

const DAY_MILLISECONDS = 86_400_000;

/** What the address asks the log for; dates are days of the county, both meant whole. */
export function asked(query: URLSearchParams): { kind?: string; by?: string; from?: string; to?: string } {
  const midnight = (day: string, later = 0) => new Date(Date.parse(`${day}T00:00:00+08:00`) + later).toISOString();
  const [kind, by, from, to] = ["kind", "by", "from", "to"].map((name) => query.get(name) ?? "");
  return {
    ...(kind ? { kind } : {}),
    ...(by ? { by: by.includes(":") ? by : `user:${by.toLowerCase()}` } : {}),
    ...(from ? { from: midnight(from) } : {}),
    ...(to ? { to: midnight(to, DAY_MILLISECONDS) } : {}),
  };
}
