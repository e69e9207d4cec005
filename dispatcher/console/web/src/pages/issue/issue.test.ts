import { expect, test } from "vitest";
import { consents } from "../../parts/consent";
import { grouped, minutesOf, townshipsOf } from "./consequence";
import { absent, formOf, fresh, identifierOf, kept } from "./draft";
import { Land } from "./land";

const units = {
  id: ["1", "11", "12", "111", "112", "11101", "11102", "11201", "121"],
  name: ["县", "东镇", "西镇", "东村", "北村", "一格", "二格", "三格", "西村"],
  kind: ["county", "township", "township", "village", "village", "grid", "grid", "grid", "village"],
  parent: [null, "1", "1", "11", "11", "111", "111", "112", "12"],
} as unknown as ConstructorParameters<typeof Land>[0]["units"];
const land = new Land({ units });
const node = (id: string) => land.nodes.get(id) as NonNullable<ReturnType<typeof land.nodes.get>>;

test("a township chosen on the tree is what its grids chosen one by one are", () => {
  const byTree = land.toggled(node("11"), new Set());
  expect(land.tersely(byTree)).toEqual(["11"]);
  expect(land.tersely(new Set(["11101", "11102", "11201"]))).toEqual(["11"]);
});

test("a part of a unit is told as a part, and a second click on all of it drops it", () => {
  const some = new Set(["11101"]);
  expect([land.share(node("11"), some), land.share(node("112"), some), land.share(node("11101"), some)]).toEqual(["some", "none", "all"]);
  expect(land.toggled(node("111"), land.toggled(node("111"), some)).size).toBe(0);
});

test("a village without grids stands for itself", () => {
  expect(land.tersely(land.toggled(node("1"), new Set()))).toEqual(["1"]);
  expect(land.tersely(new Set(["121"]))).toEqual(["12"]);
});

test("pasted codes and names are read, and each unknown one is told once", () => {
  expect(land.read("11101，西镇\n 999 999、三格;")).toEqual({ known: ["11101", "12", "11201"], unknown: ["999"] });
  expect(land.leavesOf(["11101", "12"])).toEqual(["11101", "121"]);
});

test("a search finds the largest first and says where each is", () => {
  expect(land.search("东").map((one) => one.id)).toEqual(["11", "111"]);
  expect(land.path(node("11101"))).toBe("东镇 › 东村");
  expect(land.search("  ")).toEqual([]);
});

test("the word is the same however it is spaced, and an empty one never is", () => {
  expect(consents(" 红色 暴雨", "红色暴雨")).toBe(true);
  expect(consents("橙色暴雨", "红色暴雨")).toBe(false);
  expect(consents("", "")).toBe(false);
});

test("the consequence counts townships that have people, not the county's own posts", () => {
  const reach = (unit: string, people: number) => ({ unit, name: unit, grids: 1, people });
  expect(townshipsOf({ townships: [reach("", 3), reach("11", 2), reach("12", 0)] })).toBe(1);
  expect(minutesOf({ capacity: { voice: { people: 9, seconds: 900, never_rung: 0, first_seconds: 61 } } })).toBe(2);
  expect(minutesOf({ capacity: {} })).toBeNull();
  expect(grouped(1198)).toBe("1,198");
});

test("a draft tells what is missing, and a reload brings it back", () => {
  const draft = fresh("值班室", "D-1");
  expect(absent(draft)).toEqual(["hazard", "level", "area", "description", "instruction"]);
  expect(kept(JSON.stringify(draft))).toEqual(draft);
  expect([kept("{}"), kept("no json"), kept(null)]).toEqual([null, null, null]);
});

test("a page's own kind is what is sent, and its hours count from when it is sent", () => {
  const draft = { ...fresh("值班室", "D-1"), hazard: "11B03", level: "red" as const, hours: 2, description: "大雨" };
  const form = formOf(draft, { sender: "desk@x", status: "Exercise", event: "暴雨", units: ["11"], at: 0, hold: 10 });
  expect([form.status, form.effective, form.expires, form.hold_seconds]).toEqual(["Exercise", "1970-01-01T00:00:00.000Z", "1970-01-01T02:00:00.000Z", 10]);
  expect(identifierOf("desk")).not.toBe(identifierOf("desk"));
});
