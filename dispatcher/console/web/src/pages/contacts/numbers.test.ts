import { expect, test } from "vitest";
import { numbersOf, rebased, type Line } from "./numbers";

const kept = (id: string): Line => ({ id, shown: `***${id}`, typed: null, as: "phone" });

test("a number that stays is sent by its id, a typed one in clear, an empty one not", () => {
  expect(numbersOf([kept("a"), { ...kept("b"), typed: " +99912345678 " }, { id: null, shown: "", typed: "", as: "phone" }, { id: null, shown: "", typed: "wang.jg", as: "wecom" }])).toEqual([
    { id: "a", value: null, kind: null },
    { id: null, value: "+99912345678", kind: null },
    { id: null, value: "wang.jg", kind: "wecom" },
  ]);
});

test("what was typed is put on top of what another made of it", () => {
  const mine = [{ ...kept("a"), typed: "+99911111111" }, kept("b")];
  expect(rebased(mine, [kept("a"), kept("c")])).toEqual([mine[0], kept("c")]);
  expect(rebased(mine, [kept("d")])).toEqual([kept("d"), { ...mine[0], id: null }]);
});
