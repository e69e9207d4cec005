import { api, body, RefusedError, setCsrf, type Session } from "../api/client";

const held = $state<{ session: Session | null; asked: boolean; why: string }>({ session: null, asked: false, why: "" });

export function session(): Session | null {
  return held.session;
}

/** Whether it is known yet if somebody is signed in. */
export function asked(): boolean {
  return held.asked;
}

export function may(scope: string): boolean {
  return held.session?.scopes.includes(scope) ?? false;
}

export function mayAny(scopes: readonly string[]): boolean {
  return scopes.some(may);
}

function keep(found: Session | null): void {
  held.session = found;
  held.asked = true;
  setCsrf(found?.csrf ?? "");
}

/** Ask who is signed in; throws when the server can't tell. */
export async function resume(): Promise<void> {
  try {
    keep(await body(api.GET("/api/v1/session")));
  } catch (error) {
    if (!(error instanceof RefusedError) || ![401, 403].includes(error.problem.status)) throw error;
    keep(null);
  }
}

export async function signIn(name: string, password: string, totp: string): Promise<void> {
  keep(await body(api.POST("/api/v1/session", { body: { name, password, totp: totp || null } })));
}

export async function changePassword(old: string, fresh: string): Promise<void> {
  await body(api.POST("/api/v1/session/password", { body: { old, new: fresh } }));
  await resume();
}

export async function signOut(): Promise<void> {
  await body(api.DELETE("/api/v1/session"));
  keep(null);
}

export async function watchDesk(on: boolean): Promise<void> {
  keep(await body(on ? api.PUT("/api/v1/session/watch", { body: { note: "" } }) : api.DELETE("/api/v1/session/watch")));
}
