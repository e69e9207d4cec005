import { api, body, type Alert, type Board, type Drawer, type Layer, type News, type Township } from "../../api/client";
import { hear } from "../../live/live.svelte";
import { sync } from "../../live/clock.svelte";
import { sound } from "../../shell/sound.svelte";
import { placesOf, type Place } from "./places";
import { changedBy, Rows, type Row } from "./rows";

type Changed = (units: Iterable<string>) => void;
type Summary = Board["summary"];

const RELOAD_MILLISECONDS = 2_000;

/** The board of one alert, kept as the server has it. */
export class BoardState {
  readonly rows = new Rows();
  layer = $state.raw<Layer | null>(null);
  places = $state.raw<ReadonlyMap<string, Place>>(new Map());
  alert = $state.raw<Alert | null>(null);
  summary = $state.raw<Summary | null>(null);
  target = $state.raw<Board["target"] | null>(null);
  townships = $state.raw<readonly Township[]>([]);
  curve = $state.raw<Board["curve"]>([]);
  problem = $state("");
  /** Rises whenever lines have changed: what is made of `rows` reads it. */
  version = $state(0);
  newlyOverdue = $state(0);
  /** When the figures that are shown were right. */
  at = $state("");
  changed: Changed = () => undefined;
  private seenAt = "";
  private loading = false;
  private missed = false;
  /** What the stream told while the whole was on its way. */
  private readonly early: News[] = [];
  private again: ReturnType<typeof setTimeout> | undefined;
  private readonly unhear: () => void;

  constructor(readonly id: string) {
    this.unhear = hear((told) => {
      if (told.kind === "up" || told.kind === "resync") void this.load();
      else if (told.kind === "board" && told.news.alert === id) this.take(told.news);
      else if (told.kind === "alert" && told.alert.id === id) this.alert = told.alert;
    });
    void this.load();
  }

  stop(): void {
    this.unhear();
    clearTimeout(this.again);
  }

  /** Fetch all of it; asked again meanwhile, it is fetched once more. */
  async load(): Promise<void> {
    if (this.loading) {
      this.missed = true;
      return;
    }
    this.loading = true;
    try {
      const layer = this.layer ? null : this.loadLayer();
      layer?.catch(() => undefined);
      const path = { id: this.id };
      // The client's types turn pairs into lists, so they are said again.
      this.show((await body(api.GET("/api/v1/alerts/{id}/board", { params: { path } }))) as Board);
      await layer;
      this.problem = "";
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      clearTimeout(this.again);
      this.again = setTimeout(() => void this.load(), RELOAD_MILLISECONDS);
    } finally {
      this.loading = false;
      for (const news of this.early.splice(0)) this.apply(news);
      if (this.missed) {
        this.missed = false;
        void this.load();
      }
    }
  }

  private async loadLayer(): Promise<void> {
    const layer = (await body(api.GET("/api/v1/map"))) as Layer;
    this.places = placesOf(layer);
    this.layer = layer;
  }

  private show(board: Board): void {
    const first = this.rows.size === 0;
    const here = new Set(board.rows.id);
    const gone = [...this.rows.all()].map((row) => row.id).filter((id) => !here.has(id));
    this.alert = board.alert;
    this.target = board.target;
    this.townships = board.townships;
    this.curve = board.curve;
    this.put(board, this.rows.apply(board.rows, gone), first);
  }

  /** While the whole is on its way news waits for it: fetched anew each time, a slow machine would never be done. */
  private take(news: News): void {
    if (this.loading) this.early.push(news);
    else this.apply(news);
  }

  private apply(news: News): void {
    if (Date.parse(news.at) <= Date.parse(this.seenAt)) return;
    const told = new Map(news.townships.map((one) => [one.unit, one]));
    this.townships = [...this.townships.filter((one) => !told.has(one.unit)), ...news.townships];
    this.curve = joined(this.curve, news.curve);
    this.put(news, this.rows.apply(news.rows, news.gone), false);
  }

  private put(board: Pick<Board, "at" | "summary">, told: { units: Set<string>; overdue: Row[] }, first: boolean): void {
    this.seenAt = this.at = board.at;
    sync(board.at);
    this.summary = board.summary;
    this.version += 1;
    this.changed(told.units);
    if (first || !told.overdue.length) return;
    this.newlyOverdue += told.overdue.length;
    sound();
  }

  /** Show what an own order has changed, before the stream tells of it with all figures. */
  answered(drawer: Drawer): void {
    const line = this.rows.get(drawer.id);
    if (!line) return;
    this.rows.put(changedBy(line, drawer));
    this.version += 1;
    this.changed([line.unit]);
  }

  get running(): boolean {
    return this.alert?.state === "active";
  }
}

/** What comes replaces a curve from its first point on. */
function joined(curve: Board["curve"], news: Board["curve"]): Board["curve"] {
  const first = news[0]?.[0];
  return first === undefined ? curve : [...curve.filter(([second]) => second < first), ...news];
}
