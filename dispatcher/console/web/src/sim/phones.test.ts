import { describe, expect, it } from "vitest";
import type { Phone } from "./control";
import { codeOf, found, pieces } from "./phones";

function phone(number: string, changed: Partial<Phone> = {}): Phone {
  return { number, member: false, name: "", at: "2026-07-12T01:00:00Z", last: "", last_kind: "text", texts: 1, replies: 0, calls: 0, call: "", in_hand: false, ...changed };
}

describe("phones", () => {
  it("stand newest first, those that ring before all", () => {
    const old = phone("+9991", { call: "ringing" });
    const list = [old, phone("+9992"), phone("+9993", { at: "2026-07-12T02:00:00Z" })];
    expect(found(list, "").map((one) => one.number)).toEqual(["+9991", "+9993", "+9992"]);
  });

  it("are found by name and by number", () => {
    const list = [phone("+9991", { name: "王建国" }), phone("+9992")];
    expect(found(list, "建国")).toHaveLength(1);
    expect(found(list, "9992")).toHaveLength(1);
  });
});

describe("a text", () => {
  it("is cut where an address begins and ends", () => {
    expect(pieces("打开http://127.0.0.1:80/a/Xy_-1，收到")).toEqual([
      { text: "打开", link: false },
      { text: "http://127.0.0.1:80/a/Xy_-1", link: true },
      { text: "，收到", link: false },
    ]);
  });

  it("asks for its own code", () => {
    expect(codeOf(["收到回67", "更新,收到回复 68"])).toBe("68");
    expect(codeOf(["收到回1"])).toBe("");
  });
});
