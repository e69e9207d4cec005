import { expect, test } from "vitest";
import type { Drawer, Replay } from "../../api/client";
import { BulkOrder } from "./bulk";
import { channelsOf, nextRung } from "./ladder";
import { reasons } from "./outcome";
import { Tape } from "./tape";

const replay = {
  alert: "a", began_at: "2026-07-12T01:00:00Z", ended_at: "2026-07-12T01:01:40Z",
  rows: { id: ["1", "2"], unit: ["u1", "u2"], post: ["grid_lead", "grid_lead"] },
  changes: [[0, 0, "pending"], [1_000, 0, "sent"], [30_000, 0, "acked"], [90_000, 0, "closed"], [500, 1, "pending"], [60_000, 1, "overdue"]],
} as unknown as Replay;
const shown = (tape: Tape) => [tape.display(0), tape.display(1)];

test("a tape shows each moment as it was, forward and backward alike", () => {
  const tape = new Tape(replay);
  expect(shown(tape)).toEqual([null, null]);
  expect([...tape.seek(700)].sort()).toEqual([0, 1]);
  expect(shown(tape)).toEqual(["pending", "pending"]);
  tape.seek(100_000);
  expect(shown(tape)).toEqual(["closed", "overdue"]);
  expect([...tape.seek(30_000)].sort()).toEqual([0, 1]);
  expect(shown(tape)).toEqual(["acked", "pending"]);
  expect(tape.seek(30_000).size).toBe(0);
});

test("counts of a moment add up to those that were there", () => {
  const tape = new Tape(replay);
  for (const at of [0, 400, 60_000, 100_000, 1_000]) {
    tape.seek(at);
    expect(tape.counts.reduce((sum, many) => sum + many, 0)).toBe(2);
  }
});

test("steps lead from change to change, and stop at the ends", () => {
  const tape = new Tape(replay);
  tape.seek(1_000);
  expect([tape.step(true), tape.step(false)]).toEqual([30_000, 500]);
  tape.seek(100_000);
  expect([tape.step(true), tape.step(false)]).toEqual([100_000, 90_000]);
  tape.seek(0);
  expect(tape.step(false)).toBe(0);
});

test("who has answered stays answered on the curve, though his line is closed at the end", () => {
  expect(new Tape(replay).curve()).toEqual([[30, 1]]);
  expect(new Tape({ ...replay, changes: [] }).curve()).toEqual([]);
});

const drawer = {
  rungs: [
    { number: 0, reached_at: "x", posts: [{}], people: [], tries: [{ channels: ["sms"] }, { channels: ["voice", "sms"] }] },
    { number: 1, reached_at: null, posts: [], people: [], tries: [] },
    { number: 2, reached_at: null, posts: [{}], people: [], tries: [] },
  ],
} as unknown as Drawer;

test("a rung without posts is passed over, and above the last there is none", () => {
  expect(nextRung(drawer)?.number).toBe(2);
  expect(nextRung({ ...drawer, rungs: drawer.rungs.slice(0, 2) })).toBeNull();
  expect(channelsOf(drawer)).toEqual(["sms", "voice"]);
});

test("reasons are told by how many they kept", () => {
  expect(reasons([{ ok: true }, { ok: false, code: "a" }, { ok: false, code: "b" }, { ok: false, code: "b" }])).toEqual([["b", 2], ["a", 1]]);
});

test("an order that was cut off goes on under its keys, and sends no piece twice", async () => {
  const names = Array.from({ length: 5_001 }, (_, n) => String(n));
  const sent: [number, string][] = [];
  let cut = true;
  const order = new BulkOrder("retry", names, "再叫", async (callouts, key) => {
    sent.push([callouts.length, key]);
    if (callouts.length === 1 && cut) { cut = false; throw new TypeError("cut off"); }
    return { results: callouts.map((id) => ({ id, ok: true, code: null })) };
  });
  await expect(order.send()).rejects.toThrow("cut off");
  expect((await order.send()).length).toBe(5_001);
  expect(sent.map(([many]) => many)).toEqual([5_000, 1, 1]);
  expect(sent[1]?.[1]).toBe(sent[2]?.[1]);
  expect(sent[0]?.[1]).not.toBe(sent[1]?.[1]);
  expect([order.same("retry", [...names], "再叫"), order.same("retry", names, "另"), order.same("escalate", names, "再叫")]).toEqual([true, false, false]);
});
