/** The square of a QR code: what is fixed in it, and where its data run. */
export class Grid {
  readonly size: number;
  readonly dark: Uint8Array;
  private readonly fixed: Uint8Array;

  constructor(readonly version: number) {
    this.size = 17 + 4 * version;
    this.dark = new Uint8Array(this.size ** 2);
    this.fixed = new Uint8Array(this.size ** 2);
    this.timing();
    const far = this.size - 7;
    for (const [x, y] of [[0, 0], [far, 0], [0, far]] as const) this.finder(x, y);
    const places = alignments(version, this.size);
    const [first, last] = [places[0], places.at(-1)];
    for (const x of places) {
      for (const y of places) {
        const corner = (x === first && y === first) || (x === first && y === last) || (x === last && y === first);
        if (!corner) this.rings(x, y, 2);
      }
    }
    this.format(0);
    this.describe();
  }

  at(x: number, y: number): boolean {
    return this.dark[y * this.size + x] === 1;
  }

  private fix(x: number, y: number, dark: boolean): void {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    this.dark[y * this.size + x] = dark ? 1 : 0;
    this.fixed[y * this.size + x] = 1;
  }

  private timing(): void {
    for (let n = 0; n < this.size; n++) {
      this.fix(6, n, n % 2 === 0);
      this.fix(n, 6, n % 2 === 0);
    }
  }

  /** Squares in squares round a middle: of a finder up to 4 away, of an alignment up to 2. */
  private rings(middleX: number, middleY: number, reach: number): void {
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const far = Math.max(Math.abs(x), Math.abs(y));
        this.fix(middleX + x, middleY + y, reach === 2 ? far !== 1 : far !== 2 && far !== 4);
      }
    }
  }

  private finder(left: number, top: number): void {
    this.rings(left + 3, top + 3, 4);
  }

  /** Correction level M and the mask, twice, with a check of their own. */
  format(mask: number): void {
    const bits = ((mask << 10) | remainder(mask, 10, 0x537)) ^ 0x5412;
    const bit = (n: number) => ((bits >> n) & 1) === 1;
    const last = this.size - 1;
    for (let n = 0; n < 15; n++) {
      this.fix(n < 8 ? 8 : n === 8 ? 7 : 14 - n, n < 6 ? n : n < 8 ? n + 1 : 8, bit(n));
      this.fix(n < 8 ? last - n : 8, n < 8 ? 8 : last - 14 + n, bit(n));
    }
    this.fix(8, last - 7, true);
  }

  /** From version 7 on the code tells its version, twice. */
  private describe(): void {
    if (this.version < 7) return;
    const bits = (this.version << 12) | remainder(this.version, 12, 0x1f25);
    for (let n = 0; n < 18; n++) {
      const [far, near] = [this.size - 11 + (n % 3), Math.floor(n / 3)];
      const dark = ((bits >> n) & 1) === 1;
      this.fix(far, near, dark);
      this.fix(near, far, dark);
    }
  }

  /** The places of data, in pairs of columns from the right, up and down in turn. */
  *run(): Generator<{ x: number; y: number }> {
    let up = true;
    for (let right = this.size - 1; right > 0; right -= 2, up = !up) {
      if (right === 6) right = 5;
      for (let n = 0; n < this.size; n++) {
        const y = up ? this.size - 1 - n : n;
        for (const x of [right, right - 1]) if (!this.fixed[y * this.size + x]) yield { x, y };
      }
    }
  }

  put(x: number, y: number, dark: boolean): void {
    this.dark[y * this.size + x] = dark ? 1 : 0;
  }
}

function remainder(value: number, degree: number, by: number): number {
  let rest = value;
  for (let n = 0; n < degree; n++) rest = (rest << 1) ^ ((rest >> (degree - 1)) * by);
  return rest;
}

function alignments(version: number, size: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((size - 13) / (2 * count - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, n) => size - 7 - (count - 2 - n) * step)];
}
