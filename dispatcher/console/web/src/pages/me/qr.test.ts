import { expect, test } from "vitest";
import { BLOCKS, CORRECTION, MASKS, qr } from "./qr";
import { correction, syndromes } from "./reed";

/** Read a code as a scanner does, from its dark and light places alone. */
function read(grid: ReturnType<typeof qr>): string {
  const { version } = grid;
  const format = Array.from({ length: 5 }, (_, n) => (grid.at([0, 1, 2, 3, 4][n]!, 8) ? 1 : 0) ^ ((0x5412 >> (14 - n)) & 1));
  expect(format.slice(0, 2)).toEqual([0, 0]); // level M
  const mask = MASKS[parseInt(format.slice(2).join(""), 2)]!;
  const bits = [...grid.run()].map(({ x, y }) => (grid.at(x, y) !== mask(x, y) ? 1 : 0));
  const bytes = Array.from({ length: Math.floor(bits.length / 8) }, (_, n) => parseInt(bits.slice(8 * n, 8 * n + 8).join(""), 2));
  const [degree, count] = [CORRECTION[version - 1]!, BLOCKS[version - 1]!];
  const room = bytes.length - degree * count;
  const [short, long] = [Math.floor(room / count), room % count];
  const blocks = Array.from({ length: count }, (_, n) => {
    const data = Array.from({ length: short }, (_, at) => bytes[at * count + n]!);
    if (n >= count - long) data.push(bytes[short * count + n - (count - long)]!);
    const checks = Array.from({ length: degree }, (_, at) => bytes[room + at * count + n]!);
    expect(syndromes(Uint8Array.from([...data, ...checks]), degree)).toEqual(new Array(degree).fill(0));
    return data;
  });
  const digits = blocks.flat().map((one) => one.toString(2).padStart(8, "0")).join("");
  expect(digits.slice(0, 4)).toBe("0100");
  const width = version < 10 ? 8 : 16;
  const length = parseInt(digits.slice(4, 4 + width), 2);
  const at = (n: number) => 4 + width + 8 * n;
  return new TextDecoder().decode(Uint8Array.from({ length }, (_, n) => parseInt(digits.slice(at(n), at(n + 1)), 2)));
}

const ADDRESS = "otpauth://totp/jiaoying:limin?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=jiaoying";

test.each([["A", 1], [ADDRESS, 6], [ADDRESS.replace("limin", "%E6%9D%8E".repeat(10)), 9], ["李敏".repeat(60), 14], ["x".repeat(666), 20]])(
  "what was written is read again: %s",
  (text, version) => {
    const code = qr(text);

    expect(code.version).toBe(version);
    expect(read(code)).toBe(text);
  },
);

test("the correction of the standard's own example", () => {
  const data = [0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11];

  expect([...correction(Uint8Array.from(data), 10)]).toEqual([0xa5, 0x24, 0xd4, 0xc1, 0xed, 0x36, 0xc7, 0x87, 0x2c, 0x55]);
});

test("three corners hold finders, and the dark place beside them", () => {
  const code = qr(ADDRESS);
  const row = (x: number, y: number) => Array.from({ length: 7 }, (_, n) => (code.at(x + n, y) ? "#" : ".")).join("");

  for (const [x, y] of [[0, 0], [code.size - 7, 0], [0, code.size - 7]] as const) {
    expect([0, 1, 3].map((n) => row(x, y + n))).toEqual(["#######", "#.....#", "#.###.#"]);
  }
  expect(code.at(8, code.size - 8)).toBe(true);
});

test("what no code can hold is refused", () => {
  expect(() => qr("x".repeat(667))).toThrow(RangeError);
});
