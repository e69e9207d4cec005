import { expect, test } from "vitest";
import { axisOf, clock, moments, ordered, place, reached, same, unrouted, until, without, type Course, type Rung } from "./axis";

function rung(number: number, post: Rung["posts"][number], at: number | null, ...tries: number[]): Rung {
  return { rung: number, posts: [post], via: "own", need: 1, at, tries: tries.map((moment) => ({ at: moment, channel: "sms", why_not: null })), marks: [] };
}

const lead: Course = {
  post: "grid_lead", asks: true, desk_at: 960,
  rungs: [rung(0, "grid_lead", 0, 0, 90, 200), rung(1, "village_head", 300, 300, 360), rung(2, "township_duty", 480, 480), rung(3, "county_duty", null)],
};
const duty: Course = { post: "township_duty", asks: true, desk_at: 420, rungs: [rung(0, "township_duty", 0, 0)] };

test("an axis ends at a round time behind all that happens, with few ticks", () => {
  expect(axisOf([lead, duty])).toEqual({ end: 1200, ticks: [0, 300, 600, 900, 1200] });
  expect(axisOf([{ ...duty, desk_at: 7200 }]).ticks).toHaveLength(5);
  expect(axisOf([{ ...duty, desk_at: null }])).toEqual({ end: 60, ticks: [0, 60] });
  expect(place(axisOf([lead]), 300)).toBe(25);
});

test("a policy of days has an axis, too", () => {
  expect(axisOf([{ ...duty, desk_at: 604_800 }]).ticks).toHaveLength(6);
});

test("seconds are told as a clock", () => {
  expect([0, 90, 600, 3_900].map(clock)).toEqual(["0:00", "1:30", "10:00", "1:05:00"]);
});

test("each level of government is told when it first hears, and one that never does is left out", () => {
  expect(reached(lead)).toEqual([{ tier: "village", at: 300 }, { tier: "township", at: 480 }]);
});

test("a rung lasts until the next is reached, the last until the desk has it", () => {
  expect([0, 1, 2].map((index) => until(lead, index))).toEqual([300, 480, 960]);
});

test("tries of one second stand together", () => {
  const both: Rung = { ...rung(0, "grid_lead", 0, 90, 0), tries: [{ at: 90, channel: "voice", why_not: null }, { at: 0, channel: "sms", why_not: null }, { at: 0, channel: "voice", why_not: null }] };

  expect(moments(both).map(({ at, tries }) => [at, tries.map(({ channel }) => channel)])).toEqual([[0, ["sms", "voice"]], [90, ["voice"]]]);
});

test("a channel that nothing carries is told once, and left out of the picture", () => {
  const mixed: Course = { ...duty, rungs: [{ ...rung(0, "township_duty", 0, 0), tries: [{ at: 0, channel: "wechat", why_not: "no_route" }, { at: 90, channel: "voice", why_not: "night" }] }] };

  expect([...unrouted([mixed, lead])]).toEqual(["wechat"]);
  expect(without([mixed], unrouted([mixed]))[0]?.rungs[0]?.tries.map(({ channel }) => channel)).toEqual(["voice"]);
});

test("ladders stand in the policy's order and are compared to the second", () => {
  expect(ordered([duty, lead], ["grid_lead", "township_duty"]).map(({ post }) => post)).toEqual(["grid_lead", "township_duty"]);
  expect(same([lead], [structuredClone(lead)])).toBe(true);
  expect(same([lead], [{ ...lead, desk_at: 961 }])).toBe(false);
});
