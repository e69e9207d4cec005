import type { components } from "../../api/schema";

export type Preview = components["schemas"]["PreviewView"];
export type Audience = Preview["audience"];

/** How many townships people are called in; the county's own posts are in none. */
export function townshipsOf(audience: Pick<Audience, "townships">): number {
  return audience.townships.filter((one) => one.unit !== "" && one.people > 0).length;
}

/** Whole minutes until the people of the first rungs have been rung once; null: nobody is rung. */
export function minutesOf(audience: Pick<Audience, "capacity">): number | null {
  const seconds = audience.capacity["voice"]?.first_seconds;
  return seconds == null ? null : Math.max(1, Math.ceil(seconds / 60));
}

/** A number with its thousands marked. */
export function grouped(n: number): string {
  return n.toLocaleString("en-US");
}
