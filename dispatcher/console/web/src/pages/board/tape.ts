import type { Display, Replay } from "../../api/client";
import { DISPLAYS } from "./displays";

const NONE = DISPLAYS.length; // not on the board yet
const CODES = new Map<Display, number>(DISPLAYS.map((display, n) => [display, n]));

/** A past warning as it went: how each callout was shown at any moment of it, in milliseconds since it began. */
export class Tape {
  readonly length: number;
  readonly counts = new Uint32Array(NONE + 1);
  private readonly times: Float64Array;
  private readonly places: Uint32Array;
  private readonly displays: Uint8Array;
  private readonly shown: Uint8Array;
  private next = 0; // the first change that has not happened yet
  at = 0;

  constructor(replay: Replay) {
    const changes = [...(replay.changes as [number, number, Display][])].sort((one, other) => one[0] - other[0]);
    this.length = Math.max(Date.parse(replay.ended_at) - Date.parse(replay.began_at), changes.at(-1)?.[0] ?? 0);
    this.times = Float64Array.from(changes, ([at]) => at);
    this.places = Uint32Array.from(changes, ([, place]) => place);
    this.displays = Uint8Array.from(changes, ([, , display]) => CODES.get(display) ?? NONE);
    this.shown = new Uint8Array(replay.rows.id.length).fill(NONE);
    this.counts[NONE] = this.shown.length;
  }

  display(place: number): Display | null {
    return DISPLAYS[this.shown[place] as number] ?? null;
  }

  /** Go to a moment; gives the places that are shown otherwise there. */
  seek(at: number): Set<number> {
    const changed = new Set<number>();
    if (at < this.at) this.rewind(changed);
    this.at = at;
    for (; this.next < this.times.length && (this.times[this.next] as number) <= at; this.next++) {
      const place = this.places[this.next] as number;
      this.turn(place, this.displays[this.next] as number);
      changed.add(place);
    }
    return changed;
  }

  /** When something changes next, or changed last; the ends where nothing does. */
  step(forward: boolean): number {
    if (forward) return this.times[this.next] ?? this.length;
    let n = this.next - 1;
    while (n >= 0 && (this.times[n] as number) >= this.at) n--;
    return this.times[n] ?? 0;
  }

  /** How many callouts had been answered by when: seconds and a count that only rises, thinned out. */
  curve(points = 400): [number, number][] {
    const seen = new Uint8Array(this.shown.length);
    const acked = CODES.get("acked") as number;
    const found: [number, number][] = [];
    const apart = this.length / points / 1000;
    let many = 0;
    this.displays.forEach((display, n) => {
      const place = this.places[n] as number;
      if (display !== acked || seen[place]) return;
      seen[place] = 1;
      many++;
      const second = (this.times[n] as number) / 1000;
      const last = found.at(-1);
      if (last && second - last[0] < apart) last[1] = many;
      else found.push([second, many]);
    });
    return found;
  }

  private rewind(changed: Set<number>): void {
    for (let n = 0; n < this.next; n++) changed.add(this.places[n] as number);
    this.shown.fill(NONE);
    this.counts.fill(0);
    this.counts[NONE] = this.shown.length;
    this.next = 0;
  }

  private turn(place: number, display: number): void {
    this.counts[this.shown[place] as number]!--;
    this.counts[display]!++;
    this.shown[place] = display;
  }
}
