import { expect, test } from "vitest";
import type { Unit } from "../../api/client";
import { differences, tally, told, turn } from "./differ";
import { branches, step } from "./tree";

const unit = (id: string, kind: Unit["kind"], parent: string | null): Unit => ({ id, kind, name: id, parent, code_system: "T", lat: null, lon: null, risk: 9 });
const children = new Map([
  ["", [unit("c", "county", null)]],
  ["c", [unit("t1", "township", "c"), unit("t2", "township", "c")]],
  ["t1", [unit("v", "village", "t1")]],
  ["v", [unit("g", "grid", "v")]],
]);

test("a tree shows what is open, each deeper than what it lies in", () => {
  const lines = branches(children, new Set(["c", "t1"]));
  expect(lines.map((line) => [line.unit.id, line.depth])).toEqual([["c", 0], ["t1", 1], ["v", 2], ["t2", 1]]);
});

test("arrows walk, open, close and lead up", () => {
  const lines = branches(children, new Set(["c", "t1", "v"]));
  expect(step(lines, 0, "ArrowDown")).toEqual({ at: 1 });
  expect(step(lines, 4, "ArrowDown")).toEqual({ at: 4 });
  expect(step(lines, 4, "ArrowRight")).toEqual({ at: 4, turn: "open" });
  expect(step(lines, 1, "ArrowLeft")).toEqual({ at: 1, turn: "close" });
  expect(step(lines, 3, "ArrowLeft")).toEqual({ at: 2 });
  expect(step(lines, 0, "x")).toBeNull();
});

test("only what differs is told", () => {
  expect(differences({ name: "a", numbers: "1" }, { name: "a", numbers: "2" })).toEqual([{ field: "numbers", was: "1", is: "2" }]);
});

test("changes are counted by what they are", () => {
  expect(turn(null, {})).toBe("added");
  expect(tally([{ before: null, after: {} }, { before: {}, after: null }, { before: {}, after: {} }, { before: {}, after: {} }])).toEqual({ added: 1, removed: 1, changed: 2 });
});

test("a thing is told by its name, holders and numbers", () => {
  expect(told({ name: "王芳", numbers: [{ value: "138****0001", id: "x" }] })).toBe("王芳 · 138****0001");
  expect(told({ holders: ["甲", "乙"] })).toBe("甲、乙");
  expect(told(null)).toBe("");
});
