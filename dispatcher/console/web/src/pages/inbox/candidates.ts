import { api, body } from "../../api/client";

/** A callout that a reply may answer. */
export interface Candidate {
  id: string;
  alert: string;
  headline: string;
  place: string;
}

/** What each may be about, in words. */
export async function candidates(callouts: readonly string[]): Promise<Candidate[]> {
  return Promise.all(callouts.map(candidate));
}

async function candidate(id: string): Promise<Candidate> {
  const callout = await body(api.GET("/api/v1/callouts/{id}", { params: { path: { id } } }));
  const alert = await body(api.GET("/api/v1/alerts/{id}", { params: { path: { id: callout.alert } } }));
  return { id, alert: alert.id, headline: alert.headline || alert.event || alert.identifier, place: callout.unit_name };
}
