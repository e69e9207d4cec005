import { api, body, RefusedError, type Alert, type Layer } from "../../api/client";
import type { components } from "../../api/schema";
import { now } from "../../live/clock.svelte";
import { may, session } from "../../shell/session.svelte";
import { t as common, told } from "../../words/words.svelte";
import { absent, areaOf, formOf, fresh, identifierOf, kept, type AlertForm, type Draft, type Status } from "./draft";
import type { Preview } from "./consequence";
import { Land } from "./land";
import { t } from "./words";

type Hazard = components["schemas"]["HazardView"];
export type Active = components["schemas"]["EchoView"]["active"][number];
export type Fault = { field: string; text: string };
export const HOLD_SECONDS = 10;
const WAIT_MILLISECONDS = 350;
const HAZARDS_MOST = 1000;
const LATEST = 20; // alerts, among which is what was issued within seconds
const UNSURE = new Set([408, 429, 500, 502, 503, 504]); // whether it was taken is not known, or may change by itself

/** What the server says of each field, by the field's own name. */
function faultsOf(error: RefusedError): Fault[] {
  return [...error.problem.fields].map(([field, text]) => ({ field: field.split(".")[0] ?? "", text }));
}

/** One desk for issuing: what is being written, what it would come to, and what became of it. */
export class IssueDesk {
  draft = $state<Draft>(fresh("", ""));
  land = $state.raw<Land | null>(null);
  layer = $state.raw<Layer | null>(null);
  hazards = $state.raw<readonly Hazard[]>([]);
  own = $state.raw<ReadonlySet<string>>(new Set());
  preview = $state.raw<Preview | null>(null);
  active = $state.raw<readonly Active[]>([]);
  faults = $state.raw<readonly Fault[]>([]);
  /** Whether the figures shown are those of what is written now. */
  fresh = $state(false);
  problem = $state("");
  /** The very words that were sent and not answered yet. */
  sent = $state.raw<AlertForm | null>(null);
  sending = $state(false);
  lost = $state(false);
  refused = $state("");
  earlier = $state("");
  issued = $state.raw<Alert | null>(null);
  undone = $state(false);
  chosen = $derived<ReadonlySet<string>>(new Set(this.draft.chosen));
  private asked = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly status: Status) {
    this.restore();
  }

  get drill(): boolean {
    return this.status !== "Actual";
  }
  get hold(): number {
    return may("alerts:cancel") ? HOLD_SECONDS : 0;
  }
  get event(): string {
    return this.hazards.find((one) => one.code === this.draft.hazard)?.name ?? "";
  }
  get locked(): boolean {
    return this.sent !== null || this.issued !== null;
  }
  get word(): string {
    if (!this.draft.level || !this.event) return "";
    const word = `${told("level", this.draft.level)}${this.event}`;
    return this.drill ? t("drillWord", { word }) : word;
  }
  get absent(): string[] {
    const missing: string[] = absent(this.draft);
    return missing.length || this.fresh ? missing : ["reach"];
  }
  /** Whether it would call people as it stands. */
  get ready(): boolean {
    return this.absent.length === 0 && this.preview?.audience.state === "active" && this.preview.audience.people > 0 && !this.locked;
  }

  private get key(): string {
    return `jiaoying.draft.${this.status}`;
  }

  private restore(): void {
    const name = identifierOf(this.drill ? "drill" : "desk");
    this.draft = kept(sessionStorage.getItem(this.key)) ?? fresh(session()?.desk.issuer ?? "", name);
    const sent = sessionStorage.getItem(`${this.key}.sent`);
    this.sent = sent ? (JSON.parse(sent) as AlertForm) : null;
    this.lost = this.sent !== null;
  }

  keep(): void {
    if (!this.issued) sessionStorage.setItem(this.key, JSON.stringify(this.draft));
  }

  async load(): Promise<void> {
    const [layer, page, policies, latest] = await Promise.all([
      body(api.GET("/api/v1/map")),
      body(api.GET("/api/v1/hazards", { params: { query: { limit: HAZARDS_MOST } } })),
      body(api.GET("/api/v1/policies")),
      body(api.GET("/api/v1/alerts", { params: { query: { limit: LATEST } } })),
    ]);
    this.resume(latest.items as Alert[]);
    this.own = new Set(policies.kinds.map((kind) => kind.code));
    this.hazards = page.items;
    this.layer = layer as Layer;
    this.land = new Land(this.layer);
    const known = this.draft.chosen.filter((unit) => this.land?.nodes.has(unit));
    if (known.length !== this.draft.chosen.length) this.draft.chosen = known;
  }

  /** What this desk has issued and may still take back is shown again, after a reload or to whoever comes by. */
  private resume(latest: readonly Alert[]): void {
    if (this.sent) return;
    const ours = latest.filter((one) => one.sender === session()?.desk.sender && one.status === this.status);
    const held = ours.find((one) => one.state === "active" && one.held_until && Date.parse(one.held_until) > now());
    if (held && may("alerts:cancel")) this.issued = held;
    else if (ours.some((one) => one.identifier === this.draft.identifier)) this.discard();
  }

  choose(chosen: Iterable<string>): void {
    this.draft.chosen = [...new Set(chosen)];
  }

  form(at: number): AlertForm {
    return formOf(this.draft, {
      sender: session()?.desk.sender ?? "", status: this.status, event: this.event, at, hold: this.hold,
      units: this.land?.tersely(this.chosen) ?? [],
    });
  }

  /** Reckon again, a little after the last change; an answer to what was written before is not shown. */
  reckon(): void {
    this.fresh = false;
    this.asked += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(this.asked), WAIT_MILLISECONDS);
  }

  private async ask(turn: number): Promise<void> {
    const form = { ...this.form(now()), hold_seconds: null };
    const units = form.areas?.[0]?.units ?? [];
    const echo = { areas: [areaOf(units)], event_code: form.event_code, sender: form.sender, drill: this.drill };
    try {
      const [preview, near] = await Promise.all([
        units.length ? body(api.POST("/api/v1/texts/preview", { body: form })) : null,
        units.length && form.event_code ? body(api.POST("/api/v1/areas/echo", { body: echo })) : null,
      ]);
      if (turn !== this.asked) return;
      this.preview = preview;
      this.active = near?.active ?? [];
      this.faults = [];
      this.problem = "";
      this.fresh = true;
    } catch (error) {
      if (turn === this.asked) this.complain(error);
    }
  }

  private complain(error: unknown): void {
    if (error instanceof RefusedError && error.problem.fields.size) this.faults = faultsOf(error);
    else this.problem = error instanceof TypeError ? common("unreachable") : (error as Error).message;
  }

  /** What the server says of a field. */
  fault(...fields: string[]): string {
    return this.faults.filter((one) => fields.includes(one.field)).map((one) => one.text).join(" ");
  }

  /** Send it, or the very same again; whoever presses twice sends once. */
  async send(): Promise<void> {
    if (this.sending || this.issued) return;
    this.sending = true;
    this.refused = this.earlier = "";
    this.undone = this.lost = false;
    const form = (this.sent ??= this.form(now()));
    sessionStorage.setItem(`${this.key}.sent`, JSON.stringify(form));
    try {
      const alert = (await body(api.POST("/api/v1/alerts", { body: form }))) as Alert;
      this.answered();
      this.issued = alert;
    } catch (error) {
      this.refuse(error);
    } finally {
      this.sending = false;
    }
  }

  private refuse(error: unknown): void {
    if (!(error instanceof RefusedError) || UNSURE.has(error.problem.status)) {
      this.lost = true;
      return;
    }
    this.refused = error.message;
    this.earlier = error.problem.first;
    this.faults = faultsOf(error);
    this.answered();
  }

  private answered(): void {
    this.sent = null;
    sessionStorage.removeItem(`${this.key}.sent`);
  }

  /** What was written is issued, or not wanted. */
  forget(): void {
    this.answered();
    sessionStorage.removeItem(this.key);
  }

  /** How long it can still be taken back, counted on this machine: its clock may be wrong. */
  leftMilliseconds(): number {
    if (!this.issued?.held_until || this.issued.state !== "active") return 0;
    return Math.min(HOLD_SECONDS * 1000, Date.parse(this.issued.held_until) - now());
  }

  /** Take it back. What was written stays, as another warning. */
  async undo(): Promise<Alert> {
    const id = this.issued?.id ?? "";
    const alert = (await body(api.POST("/api/v1/alerts/{id}/cancel", { params: { path: { id } }, body: { reason: t("undoReason") } }))) as Alert;
    const summary = await body(api.GET("/api/v1/alerts/{id}/summary", { params: { path: { id } } }));
    if (summary.attempts === 0) this.again();
    return alert;
  }

  private again(): void {
    this.issued = null;
    this.undone = true;
    this.draft.identifier = identifierOf(this.drill ? "drill" : "desk");
    this.keep();
    this.reckon();
  }

  discard(): void {
    this.forget();
    this.refused = this.earlier = "";
    this.undone = this.lost = false;
    this.draft = fresh(session()?.desk.issuer ?? "", identifierOf(this.drill ? "drill" : "desk"));
  }
}
