/** How many of what stands in a row, from the first on, fit into a width; in their order, with gaps between. */
export function fitting(widths: readonly number[], room: number, gap = 0): number {
  let taken = -gap;
  for (const [n, width] of widths.entries()) {
    taken += gap + width;
    if (taken > room) return n;
  }
  return widths.length;
}
