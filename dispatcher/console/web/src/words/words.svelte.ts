import { en } from "./en";
import { zh, type Word } from "./zh";

export type { Word };
export type Language = "zh" | "en";

const KEPT = "jiaoying.language";
const tables: Record<Language, Record<Word, string>> = { zh, en };
const chosen = $state<{ language: Language }>({ language: kept() });

function kept(): Language {
  return localStorage.getItem(KEPT) === "en" ? "en" : "zh";
}

export function language(): Language {
  return chosen.language;
}

export function setLanguage(language: Language): void {
  chosen.language = language;
  localStorage.setItem(KEPT, language);
}

/** The text of a word, with what stands in braces filled in. */
export function t(word: Word, filled: Record<string, string | number> = {}): string {
  return tables[chosen.language][word].replace(/\{(\w+)\}/g, (all, name: string) => String(filled[name] ?? all));
}

/** The word for one of the server's own names; one we do not know is shown as it is. */
export function told(group: string, name: string): string {
  const word = `${group}_${name}`;
  return word in zh ? t(word as Word) : name;
}
