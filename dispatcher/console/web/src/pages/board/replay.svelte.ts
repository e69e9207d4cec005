import { api, body, type Board, type Replay } from "../../api/client";
import { DISPLAYS } from "./displays";
import { Rows } from "./rows";
import type { BoardState } from "./state.svelte";
import { Tape } from "./tape";

export const SPEEDS = [1, 10, 30, 60, 300] as const;
const WATCHED_MILLISECONDS = 60_000; // how long one likes to look at the whole of it

/** A past warning being played over its own map. It has the map's face of a board, and no verb. */
export class ReplayState {
  readonly rows = new Rows();
  readonly layer;
  readonly places;
  tape = $state.raw<Tape | null>(null);
  began = 0;
  at = $state(0);
  playing = $state(false);
  speed = $state<number>(30);
  version = $state(0);
  problem = $state("");
  changed: (units: Iterable<string>) => void = () => undefined;
  curve = $state.raw<Board["curve"]>([]);
  private replay: Replay | null = null;

  constructor(readonly board: BoardState) {
    this.layer = board.layer;
    this.places = board.places;
  }

  async load(at: number): Promise<void> {
    try {
      this.replay = (await body(api.GET("/api/v1/alerts/{id}/replay", { params: { path: { id: this.board.id } } }))) as Replay;
      this.began = Date.parse(this.replay.began_at);
      const tape = new Tape(this.replay);
      this.curve = tape.curve();
      this.speed = SPEEDS.find((speed) => tape.length / speed <= WATCHED_MILLISECONDS) ?? 300;
      this.tape = tape;
      this.seek(at);
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  seek(to: number): void {
    const { tape, replay } = this;
    if (!tape || !replay) return;
    this.at = Math.max(0, Math.min(tape.length, to));
    const units = new Set<string>();
    for (const place of tape.seek(this.at)) units.add(this.put(tape, replay, place));
    this.version += 1;
    this.changed(units);
  }

  step(forward: boolean): void {
    this.playing = false;
    if (this.tape) this.seek(this.tape.step(forward));
  }

  play(): void {
    if (!this.tape) return;
    if (this.at >= this.tape.length) this.seek(0);
    this.playing = !this.playing;
  }

  /** Move on by so much of our own time. */
  pass(milliseconds: number): void {
    if (!this.tape || !this.playing) return;
    this.seek(this.at + milliseconds * this.speed);
    if (this.at >= this.tape.length) this.playing = false;
  }

  /** Figures of this moment; those of people and grids are told for a whole warning only. */
  get summary(): Pick<Board["summary"], "callouts" | "by_display" | "answer_rate" | "grid_coverage_rate"> {
    void this.version;
    const counts = this.tape?.counts;
    const by_display = Object.fromEntries(DISPLAYS.map((display, n) => [display, counts?.[n] ?? 0]));
    return { callouts: this.rows.size, by_display, answer_rate: null, grid_coverage_rate: null };
  }

  private put(tape: Tape, replay: Replay, place: number): string {
    const id = replay.rows.id[place] as string;
    const unit = replay.rows.unit[place] as string;
    const display = tape.display(place);
    const last = this.board.rows.get(id);
    if (display === null) this.rows.drop(id);
    else this.rows.put({ id, unit, post: replay.rows.post[place] as string, display, marks: [], person: last?.person ?? "", nextAt: null, nextWhat: null, deadlineAt: null, changedAt: this.began + tape.at });
    return unit;
  }
}
