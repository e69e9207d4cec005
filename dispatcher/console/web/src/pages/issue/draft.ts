import type { components } from "../../api/schema";

export type AlertForm = components["schemas"]["AlertForm"];
export type Status = "Actual" | "Exercise";
export type Colour = "red" | "orange" | "yellow" | "blue";
export const COLOURS: readonly Colour[] = ["red", "orange", "yellow", "blue"];
export const HOURS_MOST = 72;
const HOUR = 3_600_000;

/** What an officer has written so far; `identifier` is made once, so that it can't be issued twice. */
export interface Draft {
  identifier: string;
  hazard: string;
  level: Colour | "";
  hours: number | null;
  headline: string;
  description: string;
  instruction: string;
  issuer: string;
  chosen: string[];
}

/** What is issued beside what was written. */
export interface Given {
  sender: string;
  status: Status;
  event: string;
  units: string[];
  at: number;
  hold: number;
}

export function fresh(issuer: string, identifier: string): Draft {
  return { identifier, hazard: "", level: "", hours: 3, headline: "", description: "", instruction: "", issuer, chosen: [] };
}

/** A name for a warning of the desk; `randomUUID` is for secure pages only, and a desk may be none. */
export function identifierOf(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `${prefix}-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export const FIELDS = ["hazard", "level", "hours", "area", "description", "instruction", "issuer"] as const;
export type Field = (typeof FIELDS)[number];

/** What has to be written yet. */
export function absent(draft: Draft): Field[] {
  const there: Record<Field, boolean> = {
    hazard: draft.hazard !== "",
    level: draft.level !== "",
    hours: draft.hours !== null && draft.hours > 0 && draft.hours <= HOURS_MOST,
    area: draft.chosen.length > 0,
    description: draft.description.trim() !== "",
    instruction: draft.instruction.trim() !== "",
    issuer: draft.issuer.trim() !== "",
  };
  return FIELDS.filter((field) => !there[field]);
}

/** The warning as it is sent, once and for all: a second try has to send the very same. */
export function formOf(draft: Draft, given: Given): AlertForm {
  const at = new Date(given.at).toISOString();
  const until = draft.hours && draft.hours > 0 && draft.hours <= HOURS_MOST ? new Date(given.at + draft.hours * HOUR).toISOString() : null;
  return {
    sender: given.sender,
    identifier: draft.identifier,
    sent: at,
    status: given.status,
    msg_type: "Alert",
    references: null,
    event_code: draft.hazard || null,
    event: given.event || null,
    level: draft.level || null,
    headline: draft.headline.trim() || null,
    description: draft.description.trim() || null,
    instruction: draft.instruction.trim() || null,
    issuer: draft.issuer.trim() || null,
    effective: at,
    expires: until,
    areas: given.units.length ? [areaOf(given.units)] : null,
    hold_seconds: given.hold || null,
  };
}

export function areaOf(units: string[]): components["schemas"]["AreaForm"] {
  return { name: null, codes: null, units, geometry: null, circle: null, crs: "WGS-84" };
}

/** What a draft is kept as over a reload; what was not kept by this version is not read. */
export function kept(text: string | null): Draft | null {
  try {
    const found = JSON.parse(text ?? "null") as Partial<Draft> | null;
    const whole = found && Object.keys(fresh("", "")).every((name) => name in found) && Array.isArray(found.chosen);
    return whole ? (found as Draft) : null;
  } catch {
    return null;
  }
}
