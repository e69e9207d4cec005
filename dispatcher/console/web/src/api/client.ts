import createClient, { type Middleware } from "openapi-fetch";
import { language } from "../words/words.svelte";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Alert = Schemas["AlertView"];
export type Board = Schemas["BoardView"];
export type Drawer = Schemas["DrawerView"];
export type Outcome = Schemas["OutcomeView"];
export type Layer = Schemas["MapView"];
export type Replay = Schemas["ReplayView"];
export type RowsPart = Schemas["RowsView"];
export type Session = Schemas["SessionView"];
export type Todo = Schemas["TodoView"];
export type ChannelKept = Schemas["ChannelView"];
export type Channels = Schemas["ChannelsView"];
export type Key = Schemas["KeyView"];
export type Ladders = Schemas["OccasionView"];
export type LogEntry = Schemas["EntryView"];
export type LogPart = Schemas["LogView"];
export type OfficerKept = Schemas["OfficerView"];
export type Policies = Schemas["PoliciesView"];
export type Role = OfficerKept["role"];
export type Trial = Schemas["TrialView"];
export type Township = Schemas["TierView"];
export type Unit = Schemas["UnitView"];
export type Person = Schemas["PersonView"];
export type PostOfUnit = Schemas["dispatcher__api__posts__PostView"];
export type Finding = Schemas["FindingView"];
export type HistoryLine = Schemas["LineView"];
export type ImportLine = Schemas["ImportLine"];
export type ImportFound = Schemas["ImportView"];
export type ImportChange = Schemas["ChangeView"];
export type Display = RowsPart["display"][number];

/** What has changed on a board: the data of an event `board`, see docs/api.md. */
export type News = Pick<Board, "at" | "cursor" | "curve" | "rows" | "summary" | "townships"> & { alert: string; gone: string[] };

let token = "";

export function setCsrf(fresh: string): void {
  token = fresh;
}

export function csrf(): string {
  return token;
}

const ours: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", language() === "en" ? "en" : "zh-CN");
    if (request.method !== "GET") request.headers.set("X-CSRF-Token", token);
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });
api.use(ours);

interface Problem {
  code: string;
  text: string;
  status: number;
  /** What is wrong with each field, by its dotted name. */
  fields: ReadonlyMap<string, string>;
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
  const found = error as { title?: string; detail?: string; errors?: { loc?: (string | number)[]; code: string; msg: string }[]; first?: { id: string } } | undefined;
  const first = found?.errors?.[0];
  const fields = new Map((found?.errors ?? []).map((one) => [(one.loc ?? []).filter((part) => part !== "body").join("."), one.msg]));
  return { code: first?.code ?? "", text: first?.msg ?? found?.detail ?? found?.title ?? String(status), status, fields, first: found?.first?.id ?? "" };
}

type Asked<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** A thing as it was read, and the tag that says which state of it that was. */
export interface Read<T> {
  thing: T;
  tag: string;
}

/** A thing that can be edited only in the state that was seen. */
export async function read<T>(asked: Asked<T>): Promise<Read<T>> {
  const answer = await asked;
  const thing = await body(Promise.resolve(answer));
  return { thing, tag: answer.response.headers.get("ETag") ?? "" };
}

/** The body of an answer. Throws RefusedError with what the server says, or TypeError when it can't be reached. */
export async function body<T>(asked: Asked<T>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw new RefusedError(problemOf(error, response.status));
  return data as T;
}
