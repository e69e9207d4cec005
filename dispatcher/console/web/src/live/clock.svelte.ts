/** The engine's time, which need not be this machine's: each message brings it along. */
const state = $state({ now: Date.now() });
let offset = 0;

export function sync(at: string): void {
  offset = Date.parse(at) - Date.now();
  tick();
}

/** The engine's time in milliseconds, told anew each second. */
export function now(): number {
  return state.now;
}

function tick(): void {
  state.now = Math.floor((Date.now() + offset) / 1000) * 1000;
}

setInterval(tick, 1000);
