/** How often each reason was given, the most frequent first. */
export function reasons(results: readonly { ok: boolean; code?: string | null }[]): [code: string, many: number][] {
  const found = new Map<string, number>();
  for (const { ok, code } of results) if (!ok && code) found.set(code, (found.get(code) ?? 0) + 1);
  return [...found].sort((one, other) => other[1] - one[1]);
}
