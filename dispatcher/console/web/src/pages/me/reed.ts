/** Reed-Solomon over GF(256) with 0x11d, as QR codes use it (ISO/IEC 18004, annex A). */
const FIELD = 0x11d;
const ORDER = 255;
const powers = new Uint8Array(2 * ORDER);
const logs = new Uint8Array(ORDER + 1);
for (let power = 0, value = 1; power < ORDER; power++) {
  powers[power] = powers[power + ORDER] = value;
  logs[value] = power;
  value = value & 0x80 ? (value << 1) ^ FIELD : value << 1;
}

function times(one: number, other: number): number {
  return one && other ? powers[logs[one]! + logs[other]!]! : 0;
}

/** The product of (x - 2^i) for i below the degree, without its leading 1. */
function generator(degree: number): Uint8Array {
  const found = new Uint8Array(degree);
  found[degree - 1] = 1;
  for (let root = 0; root < degree; root++) {
    for (let at = 0; at < degree; at++) found[at] = times(found[at]!, powers[root]!) ^ (found[at + 1] ?? 0);
  }
  return found;
}

/** What is appended to data so that errors in it can be mended. */
export function correction(data: Uint8Array, degree: number): Uint8Array {
  const by = generator(degree);
  const rest = new Uint8Array(degree);
  for (const value of data) {
    const factor = value ^ rest[0]!;
    rest.copyWithin(0, 1);
    rest[degree - 1] = 0;
    by.forEach((one, at) => (rest[at]! ^= times(one, factor)));
  }
  return rest;
}

/** The value of a codeword at each root of its generator: all zero where nothing is wrong. */
export function syndromes(codeword: Uint8Array, degree: number): number[] {
  return Array.from({ length: degree }, (_, root) => codeword.reduce((sum, value) => times(sum, powers[root]!) ^ value, 0));
}
