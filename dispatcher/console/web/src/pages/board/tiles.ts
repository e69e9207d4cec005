import L from "leaflet";
import { api, body } from "../../api/client";

/** A map beneath the grids, from elsewhere. */
export interface Tiles {
  url: string;
  attribution: string;
  licence: string;
}

/** Lay what was set beneath the grids, and tell whose it is. */
export async function laid(map: L.Map): Promise<readonly Tiles[]> {
  const { tiles } = await body(api.GET("/api/v1/map/tiles"));
  for (const { url } of tiles) L.tileLayer(url, { maxZoom: 18 }).addTo(map);
  return tiles;
}
