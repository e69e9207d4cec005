import { api, body, type Key, type OfficerKept } from "../../api/client";

const LIMIT = 1000;

/** Every officer and key; read again after each change. */
export class Lists {
  officers = $state.raw<readonly OfficerKept[] | null>(null);
  keys = $state.raw<readonly Key[] | null>(null);
  problem = $state("");

  async load(): Promise<void> {
    try {
      const query = { limit: LIMIT };
      const [officers, keys] = await Promise.all([
        body(api.GET("/api/v1/officers", { params: { query } })),
        body(api.GET("/api/v1/keys", { params: { query } })),
      ]);
      this.officers = officers.items;
      this.keys = keys.items;
      this.problem = "";
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }
}
