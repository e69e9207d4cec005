/** Plain figures as people read them; all times are of the county, which is in one zone. */
const ZONE = "Asia/Shanghai";
const hours = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const days = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false });

export function clockTime(at: number): string {
  return hours.format(at);
}

export function dayTime(at: number): string {
  return days.format(at).replace(",", "");
}

/** A share as a percentage with one digit; nothing asked yet is a dash. */
export function percent(rate: number | null): string {
  return rate === null ? "–" : `${(Math.floor(rate * 1000) / 10).toFixed(1)}%`;
}

/** Milliseconds as m:ss, or h:mm:ss from an hour on. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
