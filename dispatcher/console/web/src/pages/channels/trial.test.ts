import { expect, test } from "vitest";
import type { Trial } from "../../api/client";
import { over, pending, reasonOf, steps } from "./trial";

const queued: Trial = {
  id: "m", state: "waiting", reason: null, created_at: "2026-07-12T04:00:00Z", accepted_at: null, picked_up_at: null, delivered_at: null,
  failure: null, failure_code: null,
};

test("a text goes from the queue by the provider to the telephone", () => {
  const taken: Trial = { ...queued, state: "accepted", accepted_at: "2026-07-12T04:00:01Z" };
  const there: Trial = { ...taken, state: "delivered", delivered_at: "2026-07-12T04:00:02Z" };

  expect([queued, taken, there].map(over)).toEqual([false, false, true]);
  expect([queued, taken, there].map((one) => pending(one, false))).toEqual(["waiting", "awaiting", null]);
  expect(steps(there, false).map(({ step }) => step)).toEqual(["created", "accepted", "delivered"]);
});

test("a call rings, is picked up and is over", () => {
  const rings: Trial = { ...queued, state: "accepted", accepted_at: "2026-07-12T04:00:01Z" };
  const done: Trial = { ...rings, state: "delivered", picked_up_at: "2026-07-12T04:00:05Z", delivered_at: "2026-07-12T04:00:20Z" };

  expect(pending(rings, true)).toBe("ringing");
  expect(steps(done, true).map(({ step }) => step)).toEqual(["created", "ringing", "picked_up", "over"]);
});

test("what failed or was never sent is over, too", () => {
  expect(over({ ...queued, state: "failed" })).toBe(true);
  expect(over({ ...queued, state: "dropped" })).toBe(true);
  expect(over({ ...queued, state: "unknown" })).toBe(false);
});

test("a reason is a kind, with the provider's code where there is one", () => {
  expect(reasonOf("gap")).toEqual({ kind: "gap", code: "" });
  expect(reasonOf("throttle:a:429")).toEqual({ kind: "throttle", code: "a:429" });
});
