import { expect, test } from "vitest";
import { parts } from "./links";

test("a link is cut out of its text, without the full stop after it", () => {
  expect(parts("请回复1,或点 http://127.0.0.1:80/a/abc。谢谢")).toEqual([
    { text: "请回复1,或点 ", link: false },
    { text: "http://127.0.0.1:80/a/abc", link: true },
    { text: "。谢谢", link: false },
  ]);
});

test("a text without a link is one piece, and nothing is none", () => {
  expect(parts("收到")).toEqual([{ text: "收到", link: false }]);
  expect(parts("")).toEqual([]);
});
