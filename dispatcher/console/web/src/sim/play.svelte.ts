import { hold, playing, screen, type Phone, type Playing, type Screen } from "./control";
import { nameOf } from "./phones";

const POLL_MILLISECONDS = 700;
const phones = new Map<string, Phone>();
const held = $state<{ now: Playing | null; up: boolean; turn: number; open: string; screen: Screen | null }>({ now: null, up: true, turn: 0, open: "", screen: null });
let cursor: [number, number] = [0, 0];

export const now = (): Playing | null => held.now;
export const up = (): boolean => held.up;
export const openName = (): string => held.open;
export const shown = (): Screen | null => held.screen;

/** All phones that something has happened to; read anew after each change. */
export function all(): Phone[] {
  void held.turn;
  return [...phones.values()];
}

async function look(): Promise<void> {
  for (;;) {
    const told = await playing(cursor);
    cursor = told.cursor;
    for (const line of told.lines) phones.set(nameOf(line), line);
    if (told.lines.length) held.turn += 1;
    held.now = told;
    if (!told.more) break;
  }
  await refresh();
}

async function refresh(): Promise<void> {
  const phone = phones.get(held.open);
  if (!phone) return;
  const found = await screen(phone);
  if (held.open === nameOf(found.line)) held.screen = found;
}

/** Look again and again until told to stop. */
export function watch(): () => void {
  let timer = 0;
  let over = false;
  const again = async () => {
    try {
      await look();
      held.up = true;
    } catch {
      held.up = false;
    }
    if (!over) timer = window.setTimeout(() => void again(), POLL_MILLISECONDS);
  };
  void again();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

export async function open(phone: Phone | null): Promise<void> {
  held.open = phone ? nameOf(phone) : "";
  held.screen = null;
  await refresh();
}

/** Do something for a person: the phone is taken in hand first, so that no habit comes in between. */
export async function doing(phone: Phone, what: () => Promise<unknown>): Promise<void> {
  if (!phone.in_hand) await hold(phone, true);
  await what();
  await look();
}

export async function after(what: Promise<unknown>): Promise<void> {
  await what;
  await look();
}
