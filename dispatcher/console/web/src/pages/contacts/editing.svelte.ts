import { RefusedError, type Read } from "../../api/client";
import { differences, type Difference } from "./differ";

const CHANGED = 412;
const GONE = 404;

/** An edit of a thing that others may edit too: it never goes over what its editor has not seen. */
export class Editing<T> {
  seen = $state.raw<Read<T> | null>(null);
  /** What others have changed meanwhile, until the editor has looked; null: nothing. */
  changed = $state.raw<readonly Difference[] | null>(null);
  gone = $state(false);
  fields = $state.raw<ReadonlyMap<string, string>>(new Map());
  private fresh: Read<T> | null = null;

  /**
   * @param fetch reads the thing as it is now
   * @param describe tells its fields as text
   */
  constructor(private readonly fetch: () => Promise<Read<T>>, private readonly describe: (thing: T) => Record<string, string>) {}

  async begin(): Promise<T> {
    this.seen = await this.fetch();
    return this.seen.thing;
  }

  /** Send the edit over the state that was seen; says whether it was made. */
  async send(put: (seen: Read<T>) => Promise<unknown>): Promise<boolean> {
    this.fields = new Map();
    try {
      if (this.seen) await put(this.seen);
      return this.seen !== null;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (error.problem.status === CHANGED) return await this.collide();
      this.fields = error.problem.fields;
      throw error;
    }
  }

  private async collide(): Promise<false> {
    try {
      this.fresh = await this.fetch();
    } catch (error) {
      if (!(error instanceof RefusedError) || error.problem.status !== GONE) throw error;
      this.gone = true;
    }
    this.changed = this.seen && this.fresh ? differences(this.describe(this.seen.thing), this.describe(this.fresh.thing)) : [];
    return false;
  }

  /** Go on from what it is now. */
  accept(): T | null {
    this.seen = this.fresh ?? this.seen;
    this.changed = null;
    return this.seen?.thing ?? null;
  }
}
