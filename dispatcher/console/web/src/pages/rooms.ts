import type { Component } from "svelte";
import type { Word } from "../words/words.svelte";

/** A page of the desk that the bar leads to; loaded when it is first opened. */
export interface Room {
  word: Word;
  /** Its path below /console. */
  at: string;
  /** The key after G that leads here. */
  key?: string;
  /** Who has one of these scopes sees it. */
  needs: readonly string[];
  load: () => Promise<{ default: Component }>;
}

/** In the order of the bar. */
export const rooms: readonly Room[] = [
  { word: "now", at: "", key: "n", needs: ["alerts:read"], load: () => import("./now/Now.svelte") },
  { word: "issue", at: "issue", key: "i", needs: ["alerts:write"], load: () => import("./issue/Issue.svelte") },
  { word: "drillRoom", at: "drill", key: "d", needs: ["alerts:drill", "alerts:write"], load: () => import("./issue/Drill.svelte") },
];

/** A page about one thing, whose path ends in that thing's name. */
export interface Door {
  at: RegExp;
  load: () => Promise<{ default: Component<{ id: string }> }>;
}

export const doors: readonly Door[] = [{ at: /^w\/([^/]+)$/, load: () => import("./board/Board.svelte") }];
