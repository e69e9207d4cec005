import type { Finding } from "../../api/client";

export const SEVERITIES = ["severe", "doubtful", "minor"] as const;
export type Severity = (typeof SEVERITIES)[number];

const SEVERE = new Set<Finding["code"]>(["vacant", "unreachable", "same_person"]);
const DOUBTFUL = new Set<Finding["code"]>(["wrong_number", "dead_number", "opted_out", "silent", "stale", "shared_number"]);

export function severityOf(code: Finding["code"]): Severity {
  return SEVERE.has(code) ? "severe" : DOUBTFUL.has(code) ? "doubtful" : "minor";
}

/** Findings by what comes of them, in their order. */
export function groups(found: readonly Finding[]): Record<Severity, Finding[]> {
  const all: Record<Severity, Finding[]> = { severe: [], doubtful: [], minor: [] };
  for (const one of found) all[severityOf(one.code)].push(one);
  return all;
}
