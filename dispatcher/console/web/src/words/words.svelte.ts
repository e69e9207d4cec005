import { en } from "./en";
import { zh, type Word } from "./zh";

export type { Word };
export type Language = "zh" | "en";

const KEPT = "jiaoying.language";
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

type Filled = Record<string, string | number>;
type Tell<Known extends string> = (word: Known, filled?: Filled) => string;

/** Tells words in the chosen language, with what stands in braces filled in. A page keeps its own words beside it. */
export function telling<Known extends string>(inChinese: Record<Known, string>, inEnglish: Record<Known, string>): Tell<Known> {
  return (word, filled = {}) =>
    (chosen.language === "en" ? inEnglish : inChinese)[word].replace(/\{(\w+)\}/g, (all, name: string) => String(filled[name] ?? all));
}

/** The text of a word that every page may need. */
export const t = telling<Word>(zh, en);

/** Words one after the other, as a sentence lists them. */
export function joined(words: readonly string[]): string {
  return words.join(chosen.language === "en" ? ", " : "、");
}

/** The word for one of the server's own names; one we do not know is shown as it is. */
export function told(group: string, name: string): string {
  const word = `${group}_${name}`;
  return word in zh ? t(word as Word) : name;
}
