import type { Alert, News } from "../api/client";

/** What the one who holds the stream tells every page. */
export type Told =
  | { kind: "up" }
  | { kind: "down" }
  | { kind: "over" }
  | { kind: "resync" }
  | { kind: "desk" }
  | { kind: "board"; news: News }
  | { kind: "alert"; alert: Alert };

type Tell = (told: Told) => void;

const CHECK_MILLISECONDS = 8_000;
const PATIENCE_MILLISECONDS = 5_000;
const RETRY_MILLISECONDS = 1_000;
const STREAM = "/api/v1/stream";

/** Keeps one stream open, and says when it is not. A proxy may hold a dead one open, so the server is asked besides. */
export class Wire {
  private source: EventSource | null = null;
  private up = false;
  private readonly check: ReturnType<typeof setInterval>;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: Tell) {
    this.open();
    this.check = setInterval(() => void this.ask(), CHECK_MILLISECONDS);
  }

  get state(): Told {
    return { kind: this.up ? "up" : "down" };
  }

  close(): void {
    clearInterval(this.check);
    clearTimeout(this.retry);
    this.source?.close();
  }

  private open(): void {
    this.source?.close();
    const source = new EventSource(STREAM);
    this.source = source;
    source.onopen = () => this.turn(true);
    source.onerror = () => this.lost();
    source.addEventListener("board", (event) => this.tell({ kind: "board", news: JSON.parse(event.data) as News }));
    source.addEventListener("alert", (event) => this.tell({ kind: "alert", alert: JSON.parse(event.data) as Alert }));
    source.addEventListener("desk", () => this.tell({ kind: "desk" }));
    source.addEventListener("resync", () => this.tell({ kind: "resync" }));
    source.addEventListener("closing", () => this.lost());
  }

  private turn(up: boolean): void {
    this.up = up;
    this.tell(this.state);
  }

  /** A stream that broke is opened anew, from now on: the pages fetch their boards when it is. */
  private lost(): void {
    this.source?.close();
    if (this.up) this.turn(false);
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.again(), RETRY_MILLISECONDS);
  }

  private async again(): Promise<void> {
    const answer = await reached("/api/v1/session");
    if (answer?.status === 401) {
      this.close();
      this.tell({ kind: "over" });
    } else if (answer?.ok) this.open();
    else this.lost();
  }

  private async ask(): Promise<void> {
    if (this.up && !(await reached("/healthz"))?.ok) this.lost();
  }
}

async function reached(path: string): Promise<Response | null> {
  try {
    return await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
  } catch {
    return null;
  }
}
