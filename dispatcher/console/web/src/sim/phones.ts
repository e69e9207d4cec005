import type { Phone } from "./control";

export function nameOf(phone: Phone): string {
  return `${phone.member ? "wecom:" : ""}${phone.number}`;
}

/** The phones that something has happened to, newest first; where a word is given, those that hold it. */
export function found(phones: Iterable<Phone>, word: string): Phone[] {
  const wanted = word.trim().toLowerCase();
  return [...phones]
    .filter((one) => !wanted || `${one.number} ${one.name}`.toLowerCase().includes(wanted))
    .sort((a, b) => Number(Boolean(b.call)) - Number(Boolean(a.call)) || (b.at ?? "").localeCompare(a.at ?? "") || a.number.localeCompare(b.number));
}

export interface Piece {
  text: string;
  /** Whether it is an address that can be opened. */
  link: boolean;
}

const LINK = /(https?:\/\/[\w.:-]+(?:\/[\w/.~%-]*)?)/g;

/** A text cut where addresses begin and end. */
export function pieces(text: string): Piece[] {
  return text.split(LINK).map((part, n) => ({ text: part, link: n % 2 === 1 })).filter((one) => one.text);
}

const ASKED = /回复?[\s:：“"]*([6-9]\d{1,2})(?!\d)/g;

/** The newest code that texts ask to be answered with; empty where none is. */
export function codeOf(texts: readonly string[]): string {
  const codes = texts.flatMap((text) => [...text.matchAll(ASKED)].map((match) => match[1] ?? ""));
  return codes.at(-1) ?? "";
}
