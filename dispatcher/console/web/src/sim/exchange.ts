/** What the exchange shows of its telephones, and what a hand can do with one; see dispatcher/sim/handsets.py. */
export type CallStatus = "ringing" | "in-progress";

export interface Handset {
  number: string;
  in_hand: boolean;
  last: string;
  at: string | null;
  call: CallStatus | null;
}

export interface Overview {
  handsets: Handset[];
  more: number;
  phones: number;
  texts: number;
  replies: number;
  ringing: number;
  talking: number;
  network: string;
}

export interface Said {
  at: string;
  ours: boolean;
  text: string;
}

export interface Held {
  number: string;
  in_hand: boolean;
  said: Said[];
  call: { status: string; said: string[]; keys: string[] } | null;
}

/** Ways in which the line to the exchange can fail, as dispatcher/sim/switchboard.py names them. */
export const NETWORKS = ["ok", "throttle", "auth", "error500", "hang", "refuse_callbacks", "callbacks_out_of_order", "duplicate_callbacks"] as const;

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const sent = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`/control/${path}`, { method, ...sent });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

const phone = (number: string) => encodeURIComponent(number);

export const overview = (q: string) => ask<Overview>("GET", `handsets?q=${encodeURIComponent(q)}`);
export const held = (number: string) => ask<Held>("GET", `handsets/${phone(number)}`);
export const take = (number: string, taken: boolean) => ask<void>("PUT", `handsets/${phone(number)}/hand`, { taken });
export const reply = (number: string, text: string) => ask<void>("POST", `phones/${phone(number)}/reply`, { text });
export const pickUp = (number: string) => ask<void>("POST", `phones/${phone(number)}/pick_up`);
export const hangUp = (number: string) => ask<void>("POST", `phones/${phone(number)}/hang_up`);
export const pressKey = (number: string, keys: string) => ask<void>("POST", `phones/${phone(number)}/press`, { keys });
export const ringUs = (number: string) => ask<void>("POST", `phones/${phone(number)}/ring`, { to: null });
export const network = (mode: string) => ask<void>("PUT", "network", { mode });
export const crowd = (answer: number, dead: number) => ask<void>("PUT", "crowd", { answer, dead });
