import type { Ladders } from "../../api/client";

export type Course = Ladders["ladders"][number];
export type Rung = Course["rungs"][number];
export type Try = Rung["tries"][number];

const STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800];
const TICKS_MOST = 5;
const HUNDRED = 100;

/** An axis in seconds from the opening: where it ends, and where it has ticks. */
export interface Axis {
  end: number;
  ticks: readonly number[];
}

/** The last thing that silence brings about in a ladder. */
function last(course: Course): number {
  const moments = course.rungs.flatMap((rung) => [rung.at ?? 0, ...rung.tries.map(({ at }) => at), ...rung.marks.map(({ at }) => at)]);
  return Math.max(...moments, course.desk_at ?? 0, 60);
}

/** One axis for several ladders, so that they can be compared by eye. */
export function axisOf(courses: readonly Course[]): Axis {
  const longest = Math.max(60, ...courses.map(last));
  const step = STEPS.find((one) => longest / one <= TICKS_MOST) ?? Math.ceil(longest / TICKS_MOST);
  const count = Math.ceil(longest / step);
  return { end: count * step, ticks: Array.from({ length: count + 1 }, (_, n) => n * step) };
}

/** Where a moment lies on the axis, in per cent. */
export function place(axis: Axis, at: number): number {
  return (at / axis.end) * HUNDRED;
}

/** Seconds as a clock from the opening: 5:00, or 1:05:00. */
export function clock(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export const TIERS = ["village", "township", "county"] as const;
export type Tier = (typeof TIERS)[number];

/** When each level of government first hears of a silent post; those it never reaches are left out. */
export function reached(course: Course): { tier: Tier; at: number }[] {
  return TIERS.flatMap((tier) => {
    const moments = course.rungs.filter(({ at, posts }) => at !== null && posts.some((post) => post.startsWith(`${tier}_`))).map(({ at }) => at as number);
    return moments.length ? [{ tier, at: Math.min(...moments) }] : [];
  });
}

/** Channels that the policy names and nothing here can carry: the same for every try. */
export function unrouted(courses: readonly Course[]): Set<Try["channel"]> {
  const tries = courses.flatMap(({ rungs }) => rungs.flatMap((rung) => rung.tries));
  return new Set(tries.filter(({ why_not }) => why_not === "no_route").map(({ channel }) => channel));
}

/** The same ladders without the tries of some channels. */
export function without(courses: readonly Course[], channels: ReadonlySet<Try["channel"]>): Course[] {
  return courses.map((course) => ({
    ...course,
    rungs: course.rungs.map((rung) => ({ ...rung, tries: rung.tries.filter(({ channel }) => !channels.has(channel)) })),
  }));
}

/** Tries by the second they are made at, in order. */
export function moments(rung: Rung): { at: number; tries: Try[] }[] {
  const found = new Map<number, Try[]>();
  for (const one of rung.tries) found.set(one.at, [...(found.get(one.at) ?? []), one]);
  return [...found].sort(([one], [other]) => one - other).map(([at, tries]) => ({ at, tries }));
}

/** Until when a rung has the callout to itself: the next one is reached, or the desk has it. */
export function until(course: Course, index: number): number {
  const at = course.rungs[index]?.at ?? 0;
  const later = course.rungs.map((rung) => rung.at).filter((one): one is number => one !== null && one > at);
  return Math.min(...later, course.desk_at ?? Infinity, last(course));
}

/** Whether two ladders are the same to the second. */
export function same(one: readonly Course[], other: readonly Course[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** In the order in which the policy names the posts; the others after them. */
export function ordered(courses: readonly Course[], posts: readonly string[]): Course[] {
  const rank = (course: Course) => (posts.includes(course.post) ? posts.indexOf(course.post) : posts.length);
  return [...courses].sort((one, other) => rank(one) - rank(other));
}
