import type { ImportFound } from "../../api/client";
import { csrf } from "../../api/client";
import { language } from "../../words/words.svelte";

/** Send a roster to be tried. `fetch` can't tell how far it is, so this is the older way. */
export function upload(file: File, far: (share: number) => void, columns?: Record<string, string | null>): Promise<ImportFound> {
  const form = new FormData();
  form.append("dry_run", "true");
  if (columns) form.append("columns", JSON.stringify(columns));
  form.append("file", file);
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/roster/imports");
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("Accept-Language", language() === "en" ? "en" : "zh-CN");
    request.upload.onprogress = (event) => far(event.total ? event.loaded / event.total : 0);
    request.onload = () => (request.status === 201 ? done(JSON.parse(request.responseText) as ImportFound) : failed(new Error(why(request))));
    request.onerror = () => failed(new TypeError("unreachable"));
    request.send(form);
  });
}

function why(request: XMLHttpRequest): string {
  try {
    const told = JSON.parse(request.responseText) as { title?: string; errors?: { msg: string }[] };
    return told.errors?.[0]?.msg ?? told.title ?? String(request.status);
  } catch {
    return String(request.status);
  }
}
