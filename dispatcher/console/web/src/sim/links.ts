export interface Part {
  text: string;
  link: boolean;
}

const LINK = /https?:\/\/[^\s，。；、]+/g;

/** A text in pieces, so that its links can be followed. */
export function parts(text: string): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    if (match.index > from) found.push({ text: text.slice(from, match.index), link: false });
    found.push({ text: match[0], link: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push({ text: text.slice(from), link: false });
  return found;
}
