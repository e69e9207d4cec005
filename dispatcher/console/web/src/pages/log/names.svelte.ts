import { api, body } from "../../api/client";

/** What people of the roster are called, asked for once each. */
export interface Names {
  of: (id: string) => string;
  want: (ids: Iterable<string>) => void;
}

export function namesOf(): Names {
  const known = $state<Record<string, string>>({});
  async function ask(id: string): Promise<void> {
    try {
      known[id] = (await body(api.GET("/api/v1/people/{id}", { params: { path: { id } } }))).name;
    } catch {
      // He has been erased, or left the roster: his id stands for him.
    }
  }
  return {
    of: (id) => known[id] || id,
    want: (ids) => {
      for (const id of new Set(ids)) {
        if (id in known) continue;
        known[id] = "";
        void ask(id);
      }
    },
  };
}
