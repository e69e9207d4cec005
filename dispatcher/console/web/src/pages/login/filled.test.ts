import { describe, expect, it } from "vitest";
import { filledIn } from "./filled";

describe("a link of the demo", () => {
  it("fills in name and password on this machine", () => {
    expect(filledIn({ hostname: "127.0.0.1", hash: "#admin:abc-def" })).toEqual({ name: "admin", password: "abc-def" });
  });

  it("fills in nothing anywhere else, and nothing that it does not know", () => {
    expect(filledIn({ hostname: "desk.example", hash: "#admin:abc-def" })).toEqual({ name: "", password: "" });
    expect(filledIn({ hostname: "127.0.0.1", hash: "#map" })).toEqual({ name: "", password: "" });
  });
});
