import { Wire, type Told } from "./wire";

type Hear = (told: Told) => void;

const hearers = new Set<Hear>();
const state = $state({ up: false, met: false });

/** Whether what is shown is live. */
export function up(): boolean {
  return state.up;
}

/** Whether it has been live before, so that not being so is a loss. */
export function met(): boolean {
  return state.met;
}

/** Hear what is told until the returned function is called. */
export function hear(hearer: Hear): () => void {
  hearers.add(hearer);
  return () => hearers.delete(hearer);
}

function take(told: Told): void {
  if (told.kind === "up") state.met = true;
  if (told.kind === "up" || told.kind === "down") state.up = told.kind === "up";
  for (const hearer of hearers) hearer(told);
}

/** Join the stream; the returned function leaves it. */
export function connect(): () => void {
  if (typeof SharedWorker === "undefined") return direct();
  const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "jiaoying" });
  let fallback: (() => void) | null = null;
  worker.onerror = () => (fallback ??= direct());
  worker.port.onmessage = (message: MessageEvent<Told>) => take(message.data);
  worker.port.postMessage("join");
  const leave = () => worker.port.postMessage("leave");
  addEventListener("pagehide", leave);
  return () => {
    removeEventListener("pagehide", leave);
    leave();
    fallback?.();
    state.up = state.met = false;
  };
}

function direct(): () => void {
  const wire = new Wire(take);
  return () => wire.close();
}
