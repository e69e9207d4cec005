import { expect, test, vi } from "vitest";

vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });

const { asked, doer, personOf, sentence } = await import("./sentence");
const { KINDS } = await import("./words");

function entry(kind: string, about: Record<string, unknown>, by = "user:limin", byName = "李敏") {
  return { n: 1, at: "2026-07-12T04:00:00Z", kind, by, by_name: byName, about };
}

test.each([
  ["officer_changed", { officer: "wang", what: "created", role: "leader" }, "新建账户 wang，角色带班领导"],
  ["officer_changed", { officer: "wang", what: "totp_off", role: "leader" }, "停用 wang 的动态码"],
  ["watch_begun", { note: "" }, "开始值守"],
  ["watch_begun", { note: "夜班" }, "开始值守：夜班"],
  ["key_made", { name: "rain", scopes: ["alerts:write"], senders: ["rain@*"] }, "新建密钥 rain，权限：alerts:write；可代表：rain@*"],
  ["channel_tried", { channel: "sms", message: "m", person: "p" }, "用通道 sms 给自己试发一条"],
  ["revealed", { person: "p1", what: "numbers" }, "查看了 王建国 的号码"],
  ["roster_changed", { how: "import", version: 3, figures: { people_added: 2, units_changed: 1 }, digest: "d" }, "导入花名册，成为第 3 版：新增人员 2、变更单元 1"],
  ["roster_changed", { how: "edit", version: 4, figures: {}, digest: "d" }, "修改花名册，成为第 4 版：没有变化"],
  ["duty_changed", { how: "added", form: "leave", unit: "990421", post: "county_duty", people: ["a"] }, "新排请假：990421 县值班，1 人"],
  ["exported", { alert: "a1" }, "导出 a1 的凭证"],
])("%s is told in words", (kind, about, said) => {
  expect(sentence(entry(kind, about), "王建国")).toBe(said);
});

test("of a kind that is new everything is shown, so that nothing is hidden", () => {
  expect(sentence(entry("moved", { a: 1 }), "")).toBe('moved {"a":1}');
});

test("who did it is an officer by name, a key, or a user of the machine", () => {
  expect(doer(entry("exported", {}))).toBe("李敏");
  expect(doer(entry("exported", {}, "os:root", "os:root"))).toBe("服务器命令行（root）");
  expect(doer(entry("exported", {}, "key:rain", "key:rain"))).toBe("密钥 rain");
});

test("only who was shown is looked up", () => {
  expect(personOf(entry("revealed", { person: "p1", what: "numbers" }))).toBe("p1");
  expect(personOf(entry("exported", { alert: "a" }))).toBeNull();
});

test("the address asks for whole days of the county, and an officer by his name", () => {
  const query = new URLSearchParams("kind=key_made&by=LiMin&from=2026-07-12&to=2026-07-12");

  expect(asked(query)).toEqual({ kind: "key_made", by: "user:limin", from: "2026-07-11T16:00:00.000Z", to: "2026-07-12T16:00:00.000Z" });
  expect(asked(new URLSearchParams("by=os:root"))).toEqual({ by: "os:root" });
});

test("every kind that is told can be chosen", () => {
  expect(KINDS).toContain("channel_tried");
  expect(new Set(KINDS).size).toBe(KINDS.length);
});
