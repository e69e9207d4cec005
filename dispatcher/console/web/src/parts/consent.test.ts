import { expect, test } from "vitest";
import { codes, consents, phrase } from "./consent";

test("a phrase says level and hazard, and the level once", () => {
  expect(phrase("红色", "暴雨")).toBe("红色暴雨");
  expect(phrase("红色", "红色暴雨")).toBe("红色暴雨");
});

test("consent takes the whole phrase, blanks and case aside", () => {
  expect(consents(" 红色 暴雨", "红色暴雨")).toBe(true);
  expect(consents("RED rain", "Redrain")).toBe(true);
  expect(consents("红色", "红色暴雨")).toBe(false);
  expect(consents("", "")).toBe(false);
});

test("pasted codes are taken apart, each once", () => {
  expect(codes("990421100\n990421101， 990421100;")).toEqual(["990421100", "990421101"]);
});
