/** One key, by what it is for; nothing that calls people out or ends a warning has one. */
export type Keys = Readonly<Record<string, () => void>>;

const TYPING = "input, select, textarea";
const SECOND_MILLISECONDS = 1_500;
let first: { key: string; at: number } | null = null;

/** Act on a key that was not meant for a field. Two keys in turn are named `g n`. */
export function press(event: KeyboardEvent, keys: Keys): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target instanceof Element && event.target.closest(TYPING);
  if (document.querySelector("dialog[open]") || (typing && event.key !== "Escape")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const both = first && event.timeStamp - first.at < SECOND_MILLISECONDS ? `${first.key} ${key}` : key;
  first = { key, at: event.timeStamp };
  const act = keys[both] ?? keys[key];
  if (!act) return;
  event.preventDefault();
  act();
}
