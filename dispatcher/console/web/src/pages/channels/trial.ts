import type { Trial } from "../../api/client";

const OVER = new Set<Trial["state"]>(["delivered", "failed", "dropped"]);

/** Whether nothing more comes of a try. */
export function over(trial: Trial): boolean {
  return OVER.has(trial.state);
}

export type Step = "created" | "accepted" | "ringing" | "picked_up" | "delivered" | "over";

/** What has happened to a try so far, each with when. */
export function steps(trial: Trial, call: boolean): { step: Step; at: string }[] {
  const all: [Step, string | null][] = [
    ["created", trial.created_at],
    [call ? "ringing" : "accepted", trial.accepted_at],
    ["picked_up", trial.picked_up_at],
    [call ? "over" : "delivered", trial.delivered_at],
  ];
  return all.flatMap(([step, at]) => (at ? [{ step, at }] : []));
}

/** What is waited for, as a word. */
export function pending(trial: Trial, call: boolean): "waiting" | "sending" | "unknown" | "awaiting" | "ringing" | null {
  if (trial.state === "accepted") return call ? "ringing" : "awaiting";
  return trial.state === "waiting" || trial.state === "sending" || trial.state === "unknown" ? trial.state : null;
}

/** The kind in what a lane is held back by: `throttle:429` is `throttle`. */
export function reasonOf(reason: string): { kind: string; code: string } {
  const [kind = "", ...rest] = reason.split(":");
  return { kind, code: rest.join(":") };
}
