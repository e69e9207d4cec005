import { expect, test } from "vitest";
import { clockTime, percent, span } from "./figures";

test("a share never rounds up to a whole that is not reached", () => {
  expect(percent(0.9999)).toBe("99.9%");
  expect(percent(1)).toBe("100.0%");
  expect(percent(null)).toBe("–");
});

test("spans grow an hour when they need one", () => {
  expect(span(61_000)).toBe("1:01");
  expect(span(3_661_999)).toBe("1:01:01");
  expect(span(-5)).toBe("0:00");
});

test("times are of the county, wherever the browser stands", () => {
  expect(clockTime(Date.UTC(2026, 6, 12, 1, 12, 3))).toBe("09:12:03");
});
