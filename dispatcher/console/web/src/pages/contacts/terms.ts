/** Times in form fields are of the county, whatever zone the window's computer is set to. */
const HOURS = 8;
const OFFSET = "+08:00";

export function toField(at: string | null): string {
  return at ? new Date(Date.parse(at) + HOURS * 3_600_000).toISOString().slice(0, 16) : "";
}

export function fromField(text: string): string | null {
  return text ? `${text}:00${OFFSET}` : null;
}
