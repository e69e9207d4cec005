import type { Outcome } from "../../api/client";

export type Verb = "retry" | "escalate" | "takeover";
type Answer = { results: Outcome[] };
export type Post = (callouts: string[], key: string) => Promise<Answer>;

const MOST = 5_000; // what one request may name

/** One order for many callouts, in requests the server takes. A piece that was answered is not sent again. */
export class BulkOrder {
  private readonly pieces: { callouts: string[]; key: string; results: Outcome[] | null }[] = [];

  constructor(readonly verb: Verb, readonly chosen: readonly string[], readonly reason: string, private readonly post: Post) {
    for (let first = 0; first < chosen.length; first += MOST) this.pieces.push({ callouts: chosen.slice(first, first + MOST), key: newKey(), results: null });
  }

  same(verb: Verb, chosen: readonly string[], reason: string): boolean {
    return verb === this.verb && reason === this.reason && chosen.length === this.chosen.length && chosen.every((id, n) => id === this.chosen[n]);
  }

  async send(): Promise<Outcome[]> {
    for (const piece of this.pieces) piece.results ??= (await this.post(piece.callouts, piece.key)).results;
    return this.pieces.flatMap(({ results }) => results ?? []);
  }
}

/** Random enough for one officer's orders; `randomUUID` is not there over plain HTTP. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
