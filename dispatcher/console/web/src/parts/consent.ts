/** What has to be typed before a warning goes out: its level and hazard, as people say them. */
export function phrase(level: string, event: string): string {
  return event.startsWith(level) ? event : `${level}${event}`;
}

/** Whether that is what was typed; blanks and case do not matter. */
export function consents(typed: string, wanted: string): boolean {
  const plain = (text: string) => text.normalize("NFKC").replace(/\s+/g, "").toLowerCase();
  return plain(typed) === plain(wanted) && plain(wanted) !== "";
}

/** Codes that were pasted in, each once. */
export function codes(text: string): string[] {
  return [...new Set(text.split(/[\s,，、;；]+/).filter(Boolean))];
}
