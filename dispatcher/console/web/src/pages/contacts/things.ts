import { api, body, read, type Person, type PostOfUnit, type Read, type Unit } from "../../api/client";
import { told as allTold } from "../../words/words.svelte";
import { dayTime } from "../../words/figures";

export const unitAt = (id: string): Promise<Read<Unit>> => read(api.GET("/api/v1/units/{id}", { params: { path: { id } } }));

/** The newest version of a person, whichever is named. */
export async function personAt(id: string): Promise<Read<Person>> {
  const found = await read(api.GET("/api/v1/people/{id}", { params: { path: { id } } }));
  return found.thing.replaced_by ? personAt(found.thing.replaced_by) : found;
}

export const postAt = (unit: string, post: PostOfUnit["post"]): Promise<Read<PostOfUnit>> =>
  read(api.GET("/api/v1/posts/{unit}/{post}", { params: { path: { unit, post } } }));

/** In the order of calling, as the server's own list of posts has it. */
const ORDER: readonly PostOfUnit["post"][] = ["grid_lead", "grid_backup", "village_head", "village_duty", "township_duty", "township_leader", "county_duty", "county_leader", "forest_ranger"];

export async function postsOf(unit: string): Promise<PostOfUnit[]> {
  const found = await body(api.GET("/api/v1/posts", { params: { query: { unit, limit: 100 } } }));
  return found.items.sort((one, other) => ORDER.indexOf(one.post) - ORDER.indexOf(other.post));
}

export async function gapsOf(unit: string): Promise<ReadonlySet<string>> {
  const found = await body(api.GET("/api/v1/posts", { params: { query: { unit, gaps: true, limit: 100 } } }));
  return new Set(found.items.map((one) => one.post));
}

export const unitTold = (one: Unit): Record<string, string> => ({ name: one.name, parent: one.parent ?? "", lat: String(one.lat ?? ""), lon: String(one.lon ?? ""), risk: String(one.risk) });
export const personTold = (one: Person): Record<string, string> => ({
  name: one.name,
  numbers: one.numbers.map((number) => number.value).join("、"),
  posts: one.posts.map((held) => `${held.unit_name} ${allTold("post", held.post)}`).join("、"),
});
const term = (at: string | null) => (at ? dayTime(Date.parse(at)) : "");
export const postTold = (one: PostOfUnit): Record<string, string> => ({
  holders: one.holders.map((held) => [held.name, term(held.valid_from), term(held.valid_until)].filter(Boolean).join(" ")).join("、"),
});
