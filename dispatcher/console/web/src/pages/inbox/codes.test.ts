import { expect, test } from "vitest";
import { codesOf } from "./codes";

test("codes are found whatever stands between them, each once", () => {
  expect(codesOf(" 990421100\n990421200，990421100、\t990421300;")).toEqual(["990421100", "990421200", "990421300"]);
  expect(codesOf("  \n")).toEqual([]);
});
