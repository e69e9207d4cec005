import { span } from "../../words/figures";
import type { Row } from "./rows";

/** What a line counts: time left to its limit, time past it, time to what comes next, or nothing. */
export interface Count {
  kind: "left" | "late" | "after" | "dueNow" | "none";
  text: string;
}

const NONE: Count = { kind: "none", text: "" };
const STILL = new Set(["acked", "closed"]);

export function count(row: Pick<Row, "display" | "deadlineAt" | "nextAt" | "changedAt">, now: number): Count {
  if (STILL.has(row.display)) return NONE;
  if (row.display === "overdue" && (row.deadlineAt ?? 0) <= now) return { kind: "late", text: span(now - (row.deadlineAt ?? row.changedAt)) };
  if (row.deadlineAt !== null && row.deadlineAt > now) return { kind: "left", text: span(row.deadlineAt - now) };
  if (row.nextAt === null) return NONE;
  return row.nextAt > now ? { kind: "after", text: span(row.nextAt - now) } : { kind: "dueNow", text: "" };
}
