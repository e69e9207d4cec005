/** The alarm. Browsers let a page sound only after somebody pressed something on it. */
const FREQUENCIES = [880, 660, 880];
const TONE_SECONDS = 0.18;
const state = $state({ armed: false });
let context: AudioContext | null = null;

export function armed(): boolean {
  return state.armed;
}

/** Call from a press: lets the page sound from now on, and sounds once to prove it. */
export async function arm(): Promise<void> {
  context ??= new AudioContext();
  await context.resume();
  state.armed = context.state === "running";
  sound();
}

export function sound(): void {
  if (context?.state !== "running") return;
  FREQUENCIES.forEach((frequency, n) => tone(context as AudioContext, frequency, n * TONE_SECONDS));
}

function tone(on: AudioContext, frequency: number, delay: number): void {
  const begins = on.currentTime + delay;
  const oscillator = new OscillatorNode(on, { frequency, type: "square" });
  const volume = new GainNode(on, { gain: 0 });
  volume.gain.setValueAtTime(0.2, begins);
  volume.gain.exponentialRampToValueAtTime(0.001, begins + TONE_SECONDS);
  oscillator.connect(volume).connect(on.destination);
  oscillator.start(begins);
  oscillator.stop(begins + TONE_SECONDS);
}
