import { api, body } from "../api/client";
import { hear } from "./live.svelte";

/** The stream tells that something waits, not all of what: that is asked for. */
const ASK_MILLISECONDS = 10_000;
const CALM_MILLISECONDS = 1_000;
const state = $state<{ kinds: Readonly<Record<string, number>>; edition: number }>({ kinds: {}, edition: 0 });

/** How much waits for somebody at the desk. */
export function waiting(): number {
  return Object.values(state.kinds).reduce((sum, n) => sum + n, 0);
}

export function waitingOf(kind: string): number {
  return state.kinds[kind] ?? 0;
}

/** Grows when what waits is not what it was. */
export function todosEdition(): number {
  return state.edition;
}

export async function askTodos(): Promise<void> {
  const { kinds } = await body(api.GET("/api/v1/inbox/counts"));
  const changed = JSON.stringify(kinds) !== JSON.stringify(state.kinds);
  state.kinds = kinds;
  if (changed) state.edition += 1;
}

/** Keep the counts fresh until the returned function is called. */
export function countTodos(): () => void {
  let soon: ReturnType<typeof setTimeout> | undefined;
  // A server that can't be reached is told of by the stream; the next turn asks again.
  const ask = () => void askTodos().catch(() => undefined);
  const calmly = () => (soon ??= setTimeout(() => { soon = undefined; ask(); }, CALM_MILLISECONDS));
  const leave = hear((told) => { if (told.kind !== "down" && told.kind !== "over") calmly(); });
  const each = setInterval(ask, ASK_MILLISECONDS);
  ask();
  return () => {
    leave();
    clearInterval(each);
    clearTimeout(soon);
  };
}
