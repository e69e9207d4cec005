import type { Component } from "svelte";
import { waiting } from "../live/todos.svelte";
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
  /** The bar leads there by the officer's name, not in its row of pages. */
  aside?: true;
  /** How much waits there, beside its name in the bar. */
  count?: () => number;
}

/** In the order of the bar. */
export const rooms: readonly Room[] = [
  { word: "now", at: "", key: "n", needs: ["alerts:read"], load: () => import("./now/Now.svelte") },
  { word: "issue", at: "issue", key: "i", needs: ["alerts:write"], load: () => import("./issue/Issue.svelte") },
  { word: "drillRoom", at: "drill", key: "d", needs: ["alerts:drill", "alerts:write"], load: () => import("./issue/Drill.svelte") },
  { word: "contacts", at: "contacts", key: "p", needs: ["people:read"], load: () => import("./contacts/Contacts.svelte") },
  { word: "inbox", at: "inbox", key: "b", needs: ["alerts:read"], load: () => import("./inbox/Inbox.svelte"), count: waiting },
  { word: "channels", at: "channels", key: "c", needs: ["alerts:read"], load: () => import("./channels/Channels.svelte") },
  { word: "policies", at: "policies", key: "y", needs: ["alerts:read"], load: () => import("./policies/Policies.svelte") },
  { word: "log", at: "log", key: "l", needs: ["alerts:approve", "admin"], load: () => import("./log/Log.svelte") },
  { word: "users", at: "users", key: "u", needs: ["admin"], load: () => import("./users/Users.svelte") },
  { word: "account", at: "me", needs: ["alerts:read"], load: () => import("./me/Me.svelte"), aside: true },
];

/** A page about one thing, whose path ends in that thing's name. */
export interface Door {
  at: RegExp;
  load: () => Promise<{ default: Component<{ id: string }> }>;
}

export const doors: readonly Door[] = [{ at: /^w\/([^/]+)$/, load: () => import("./board/Board.svelte") }];
