import type { Layer } from "../../api/client";

/** Where a unit is, by names; `village` is empty where it has none above it, or its own name says it; so with the township. */
export interface Place {
  name: string;
  village: string;
  township: string;
  townshipName: string;
}

export function placesOf(layer: Layer): Map<string, Place> {
  const { id, name, parent, township, kind } = layer.units;
  const names = new Map(id.map((unit, n) => [unit, name[n] ?? ""]));
  return new Map(
    id.map((unit, n) => {
      const above = parent[n] ?? "";
      const town = township[n] ?? "";
      const own = name[n] ?? "";
      const over = kind[n] === "grid" && above !== town ? (names.get(above) ?? "") : "";
      const village = own.startsWith(over) ? "" : over;
      return [unit, { name: own, village, township: town, townshipName: unit === town ? "" : (names.get(town) ?? "") }];
    }),
  );
}
