/** Codes as somebody pastes them: one a line, or with commas or blanks between; each once. */
export function codesOf(pasted: string): string[] {
  return [...new Set(pasted.split(/[\s,，、;；]+/).filter(Boolean))];
}
