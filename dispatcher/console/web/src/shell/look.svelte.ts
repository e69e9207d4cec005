/** How the page looks: light or dark, as on the wall or as on a desk. */
const KEPT = "jiaoying.theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
const look = $state({ dark: (localStorage.getItem(KEPT) ?? (prefersDark ? "dark" : "light")) === "dark", wall: new URLSearchParams(location.search).has("wall") });

export function dark(): boolean {
  return look.dark || look.wall;
}

export function wall(): boolean {
  return look.wall;
}

export function setDark(on: boolean): void {
  look.dark = on;
  localStorage.setItem(KEPT, on ? "dark" : "light");
}

export function setWall(on: boolean): void {
  look.wall = on;
}
