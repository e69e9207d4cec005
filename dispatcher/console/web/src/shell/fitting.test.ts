import { expect, test } from "vitest";
import { fitting } from "./fitting";

test.each([
  [[80, 80, 80], 240, 0, 3],
  [[80, 80, 80], 239, 0, 2],
  [[80, 80, 80], 250, 10, 2],
  [[80, 80, 80], 260, 10, 3],
  [[80], 10, 0, 0],
  [[], 0, 5, 0],
])("of %j in %i with gaps of %i fit %i", (widths, room, gap, many) => {
  expect(fitting(widths, room, gap)).toBe(many);
});
