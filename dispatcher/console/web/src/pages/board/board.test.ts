import { expect, test } from "vitest";
import type { Layer, RowsPart } from "../../api/client";
import { count } from "./countdown";
import { DISPLAYS } from "./displays";
import { filtersOf, listed } from "./filters";
import { borders, cellAt, cellsOf, degrees, inside, originOf, project } from "./geometry";
import { placesOf } from "./places";
import { Rows } from "./rows";

function part(...lines: { id: string; unit?: string; display: RowsPart["display"][number]; person?: string; deadline?: string }[]): RowsPart {
  const each = <T>(value: (line: (typeof lines)[number]) => T) => lines.map(value);
  return {
    id: each((line) => line.id), unit: each((line) => line.unit ?? `u-${line.id}`), post: each(() => "grid_lead"), state: each(() => "calling"),
    display: each((line) => line.display), marks: each(() => []), person: each((line) => line.person ?? null), rung: each(() => 0), owner: each(() => null),
    next_at: each(() => null), next_what: each(() => null), deadline_at: each((line) => line.deadline ?? null), answered_at: each(() => null),
    evidence: each(() => null), changed_at: each(() => "2026-07-12T09:00:00+08:00"),
  };
}

/** Two grids side by side in one township, a third of another above them, and one without land. */
const layer: Layer = {
  version: "1", origin: [42, 125], scale: 100_000,
  units: {
    id: ["t1", "t2", "v1", "a", "b", "c", "d"], name: ["东镇", "西镇", "前村", "一格", "二格", "三格", "四格"],
    kind: ["township", "township", "village", "grid", "grid", "grid", "grid"], parent: [null, null, "t1", "v1", "v1", "t2", "t2"],
    township: ["t1", "t2", "t1", "t1", "t1", "t2", "t2"], lat: [null, null, null, null, null, null, 42.5], lon: [null, null, null, null, null, null, 125.5],
    risk: [0, 0, 0, 0, 0, 0, 0],
    rings: [null, null, null, [[0, 0, 1000, 0, 0, 1000, -1000, 0]], [[0, 1000, 1000, 0, 0, 1000, -1000, 0]], [[1000, 0, 1000, 0, 0, 2000, -1000, 0]], null],
  },
};

test("steps of the map become degrees", () => {
  expect([...degrees([100, -50, 10, 5], [42, 125], 100)]).toEqual([43, 124.5, 43.1, 124.55]);
});

test("cells hold the points of their own land, and a unit without land stands at its point", () => {
  const cells = cellsOf(layer);
  const [left, top] = originOf(layer);
  const at = (lat: number, lon: number) => { const [x, y] = project(lat, lon); return cellAt(cells, [x - left, y - top])?.unit; };
  expect([at(42.005, 125.005), at(42.005, 125.015), at(42.015, 125.005), at(42.5, 125.5), at(41, 125)]).toEqual(["a", "b", "c", "d", undefined]);
});

test("a hole is not inside", () => {
  const outer = Float64Array.of(0, 0, 10, 0, 10, 10, 0, 10);
  const hole = Float64Array.of(4, 4, 6, 4, 6, 6, 4, 6);
  expect([inside([outer, hole], [2, 2]), inside([outer, hole], [5, 5])]).toEqual([true, false]);
});

test("an edge between two grids of one township is no border of it", () => {
  expect(borders(cellsOf(layer)).length / 4).toBe(3 + 3 + 4 + 4);
});

test("a unit is shown as its line that needs somebody most, and forgets lines that are gone", () => {
  const rows = new Rows();
  rows.apply(part({ id: "1", unit: "a", display: "acked" }, { id: "2", unit: "a", display: "overdue" }));
  expect(rows.display("a")).toBe("overdue");
  const told = rows.apply(part(), ["2", "unknown"]);
  expect([rows.display("a"), rows.size, ...told.units]).toEqual(["acked", 1, "a"]);
});

test("a line is newly overdue once", () => {
  const rows = new Rows();
  expect(rows.apply(part({ id: "1", display: "overdue" })).overdue.map((row) => row.id)).toEqual(["1"]);
  expect(rows.apply(part({ id: "1", display: "overdue" })).overdue).toEqual([]);
});

test("the list begins with what needs somebody, the longest overdue first", () => {
  const rows = new Rows();
  rows.apply(part({ id: "1", display: "acked" }, { id: "2", display: "overdue", deadline: "2026-07-12T09:05:00Z" }, { id: "3", display: "overdue", deadline: "2026-07-12T09:01:00Z" }, { id: "4", display: "failed" }));
  expect(listed(rows.all(), new Map(), filtersOf(new URLSearchParams())).map((row) => row.id)).toEqual(["3", "2", "4", "1"]);
});

test("filters of the address and words of a search must all fit", () => {
  const rows = new Rows();
  const places = placesOf(layer);
  rows.apply(part({ id: "1", unit: "a", display: "overdue", person: "王建国" }, { id: "2", unit: "c", display: "overdue", person: "王建国" }, { id: "3", unit: "a", display: "acked" }));
  const ids = (query: string) => listed(rows.all(), places, filtersOf(new URLSearchParams(query))).map((row) => row.id);
  expect(ids("q=王 西镇")).toEqual(["2"]);
  expect(ids("township=t1&state=todo")).toEqual(["1"]);
  expect(ids("state=acked")).toEqual(["3"]);
  expect(places.get("a")?.village).toBe("前村");
});

test("every word the board knows has one place in the list", () => {
  expect(new Set(DISPLAYS).size).toBe(9);
});

test.each([
  ["sent", 60_000, null, "left", "1:00"],
  ["overdue", -60_000, null, "late", "1:00"],
  ["overdue", 60_000, null, "left", "1:00"],
  ["escalated", null, 5_000, "after", "0:05"],
  ["escalated", null, -5_000, "dueNow", ""],
  ["acked", 60_000, 60_000, "none", ""],
] as const)("a %s line counts", (display, deadline, next, kind, text) => {
  const now = 1_000_000;
  const row = { display, deadlineAt: deadline === null ? null : now + deadline, nextAt: next === null ? null : now + next, changedAt: now };
  expect(count(row, now)).toEqual({ kind, text });
});
