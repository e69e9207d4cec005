import { Grid } from "./grid";
import { correction } from "./reed";

/** Of correction level M, by version: bytes of correction in a block, and blocks (ISO/IEC 18004, table 9). */
export const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26] as const;
export const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16] as const;
const BYTES = 0b0100;
const PADDING = [0xec, 0x11] as const;

export const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** A text as a QR code. Throws where it is too long for any version we know. */
export function qr(text: string): Grid {
  const bytes = new TextEncoder().encode(text);
  for (let version = 1; version <= BLOCKS.length; version++) {
    const whole = Math.floor([...new Grid(version).run()].length / 8);
    const room = whole - CORRECTION[version - 1]! * BLOCKS[version - 1]!;
    const header = version < 10 ? 2 : 3; // the kind takes four bits, the length 8 or 16
    if (bytes.length + header <= room) return best(version, woven(framed(bytes, room, version < 10 ? 8 : 16), version));
  }
  throw new RangeError(`${bytes.length} bytes: too long for a QR code of version ${BLOCKS.length}`);
}

/** Kind, length, bytes, then padding to the full room. */
function framed(bytes: Uint8Array, room: number, lengthBits: number): Uint8Array {
  const digits = [bits(BYTES, 4), bits(bytes.length, lengthBits), ...Array.from(bytes, (one) => bits(one, 8)), "0000"].join("");
  const data = new Uint8Array(room);
  const used = Math.floor(digits.length / 8);
  for (let at = 0; at < room; at++) data[at] = at < used ? parseInt(digits.slice(8 * at, 8 * at + 8), 2) : PADDING[(at - used) % 2]!;
  return data;
}

function bits(value: number, length: number): string {
  return value.toString(2).padStart(length, "0");
}

/** Data in blocks, each with its correction, woven into one run byte by byte. */
function woven(data: Uint8Array, version: number): Uint8Array {
  const [degree, count] = [CORRECTION[version - 1]!, BLOCKS[version - 1]!];
  const short = Math.floor(data.length / count);
  const firstLong = count - (data.length % count);
  const blocks = Array.from({ length: count }, (_, n) => {
    const begin = n * short + Math.max(0, n - firstLong);
    return data.slice(begin, begin + short + (n >= firstLong ? 1 : 0));
  });
  const checks = blocks.map((block) => correction(block, degree));
  const run = (parts: Uint8Array[], length: number) =>
    Array.from({ length }, (_, at) => parts.flatMap((part) => (at < part.length ? [part[at]!] : []))).flat();
  return Uint8Array.from([...run(blocks, short + 1), ...run(checks, degree)]);
}

/** The code with the mask that is easiest to read. */
function best(version: number, data: Uint8Array): Grid {
  const all = MASKS.map((masks, mask) => {
    const grid = new Grid(version);
    grid.format(mask);
    let at = 0;
    for (const { x, y } of grid.run()) {
      const bit = ((data[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
      grid.put(x, y, (bit === 1) !== masks(x, y));
      at++;
    }
    return { grid, harm: harm(grid) };
  });
  return all.reduce((one, other) => (other.harm < one.harm ? other : one)).grid;
}

const FINDER_LIKE = /(?=10111010000|00001011101)/g;

/** How hard a code is to read: long runs, blocks, false finders, too much of one colour. */
function harm(grid: Grid): number {
  const { size } = grid;
  const places = Array.from({ length: size }, (_, n) => n);
  const rows = places.map((y) => places.map((x) => (grid.at(x, y) ? "1" : "0")).join(""));
  const columns = places.map((x) => rows.map((row) => row[x]).join(""));
  let found = 0;
  for (const line of [...rows, ...columns]) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) found += run.length - 2;
    found += 40 * [...line.matchAll(FINDER_LIKE)].length;
  }
  for (let y = 1; y < size; y++) {
    for (let x = 1; x < size; x++) {
      const same = grid.at(x, y) === grid.at(x - 1, y) && grid.at(x, y) === grid.at(x, y - 1) && grid.at(x, y) === grid.at(x - 1, y - 1);
      if (same) found += 3;
    }
  }
  const share = grid.dark.reduce((sum, one) => sum + one, 0) / size ** 2;
  return found + 10 * Math.floor(Math.abs(share - 0.5) / 0.05);
}
