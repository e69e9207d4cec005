import { session, watchDesk } from "./session.svelte";
import { arm } from "./sound.svelte";

/** 开始值守: from here on the page sounds, and the house knows who watches. */
export async function beginWatch(): Promise<void> {
  await arm();
  if (!session()?.watch) await watchDesk(true);
}
