/** Where the desk is: the path under /console, and the filters in the query. */
const ROOT = "/console";
const place = $state({ path: location.pathname, query: location.search });

addEventListener("popstate", () => {
  place.path = location.pathname;
  place.query = location.search;
});

/** The path below the root, without slashes at its ends. */
export function path(): string {
  return place.path.slice(ROOT.length).replace(/^\/+|\/+$/g, "");
}

export function query(): URLSearchParams {
  return new URLSearchParams(place.query);
}

export function href(to: string): string {
  return `${ROOT}/${to}`;
}

export function go(to: string): void {
  history.pushState(null, "", href(to));
  place.path = location.pathname;
  place.query = location.search;
}

/** Change one filter in place; an empty one leaves the address. */
export function setQuery(name: string, value: string): void {
  const next = query();
  if (value) next.set(name, value);
  else next.delete(name);
  const text = next.toString();
  place.query = text ? `?${text}` : "";
  history.replaceState(null, "", place.path + place.query);
}

/** For links: a plain click goes there without loading the page again. */
export function link(node: HTMLAnchorElement): { destroy: () => void } {
  const follow = (event: MouseEvent) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const { pathname, search } = new URL(node.href);
    go(pathname.slice(ROOT.length + 1) + search);
  };
  node.addEventListener("click", follow);
  return { destroy: () => node.removeEventListener("click", follow) };
}
