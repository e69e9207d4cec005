import createClient, { type Middleware } from "openapi-fetch";
import { language } from "../words/words.svelte";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Alert = Schemas["AlertView"];
export type Board = Schemas["BoardView"];
export type Drawer = Schemas["DrawerView"];
export type Layer = Schemas["MapView"];
export type Replay = Schemas["ReplayView"];
export type RowsPart = Schemas["RowsView"];
export type Session = Schemas["SessionView"];
export type Township = Schemas["TierView"];
export type Display = RowsPart["display"][number];

/** What has changed on a board: the data of an event `board`, see docs/api.md. */
export type News = Pick<Board, "at" | "cursor" | "curve" | "rows" | "summary" | "townships"> & { alert: string; gone: string[] };

let csrf = "";

export function setCsrf(token: string): void {
  csrf = token;
}

const ours: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", language() === "en" ? "en" : "zh-CN");
    if (request.method !== "GET") request.headers.set("X-CSRF-Token", csrf);
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });
api.use(ours);

interface Problem {
  code: string;
  text: string;
  status: number;
  /** What is wrong with which field; of the whole, the field is empty. */
  faults: readonly { field: string; text: string }[];
  /** The alert that stands against it, or empty. */
  first: string;
}

/** A request that the server refused, in its own words. */
export class RefusedError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.text);
  }
}

function problemOf(error: unknown, status: number): Problem {
  const found = error as { title?: string; detail?: string; errors?: { loc?: unknown[]; code: string; msg: string }[]; first?: { id: string } } | undefined;
  const first = found?.errors?.[0];
  const faults = (found?.errors ?? []).map((one) => ({ field: String(one.loc?.[0] ?? ""), text: one.msg }));
  const text = first?.msg ?? found?.detail ?? found?.title ?? String(status);
  return { code: first?.code ?? "", text, status, faults, first: found?.first?.id ?? "" };
}

/** The body of an answer. Throws RefusedError with what the server says, or TypeError when it can't be reached. */
export async function body<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw new RefusedError(problemOf(error, response.status));
  return data as T;
}
