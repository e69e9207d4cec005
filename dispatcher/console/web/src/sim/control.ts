/** The exchange's control, which asks for no password and answers on this machine alone. */
export type Kind = "text" | "reply" | "call" | "card";

export interface Item {
  kind: Kind;
  id: string;
  at: string;
  text: string;
  title: string;
  link: string;
  status: string;
  said: string[];
  keys: string[];
  by_us: boolean;
  buttons: { text: string; key: string }[];
}

export interface Phone {
  number: string;
  member: boolean;
  name: string;
  at: string | null;
  last: string;
  last_kind: Kind | null;
  texts: number;
  replies: number;
  calls: number;
  call: "" | "ringing" | "in-progress";
  in_hand: boolean;
}

export interface Screen {
  line: Phone;
  items: Item[];
}

export interface Crowd {
  answering: number;
  asleep: number;
}

export interface Playing {
  cursor: [number, number];
  more: boolean;
  lines: Phone[];
  figures: Record<"phones" | "sent" | "delivered" | "replies" | "calls" | "ringing" | "talking" | "cards", number>;
  network: string;
  wecom: string | null;
  crowd: Crowd;
  speed: number;
  manual_time: boolean;
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(`/control/${path}`, { method, ...sent });
  if (answer.ok) return answer;
  const { detail } = (await answer.json().catch(() => ({}))) as { detail?: unknown };
  throw new Error(typeof detail === "string" ? detail : answer.statusText);
}

function place(phone: Phone): string {
  return `${phone.member ? "wecom/members" : "phones"}/${encodeURIComponent(phone.number)}`;
}

export async function playing([phones, members]: [number, number]): Promise<Playing> {
  return (await ask("GET", `play?phones=${phones}&members=${members}`)).json() as Promise<Playing>;
}

export async function screen(phone: Phone): Promise<Screen> {
  return (await ask("GET", place(phone))).json() as Promise<Screen>;
}

export const hold = (phone: Phone, held: boolean) => ask("PUT", `${place(phone)}/hand`, { held });
export const reply = (phone: Phone, text: string) =>
  phone.member ? ask("POST", "wecom/write", { user: phone.number, text }) : ask("POST", `${place(phone)}/reply`, { text });
export const pickUp = (phone: Phone) => ask("POST", `${place(phone)}/pick_up`);
export const hangUp = (phone: Phone) => ask("POST", `${place(phone)}/hang_up`);
export const pressKey = (phone: Phone, keys: string) => ask("POST", `${place(phone)}/press`, { keys });
export const ringBack = (phone: Phone) => ask("POST", `${place(phone)}/ring`, {});
export const pressButton = (phone: Phone, card: Item, key: string) =>
  ask("POST", "wecom/press", { user: phone.number, task_id: card.id, key });
export const sway = (crowd: Crowd) => ask("PUT", "crowd", crowd);
export const network = (mode: string) => ask("PUT", "network", { mode });
export const wecom = (mode: string) => ask("PUT", "wecom", { mode });
