// Asks the server for fresh parts of the page and sends what the agent does.
import { say } from "./words.js";
import { toast } from "./toasts.js";

const WAIT_MS = 15_000;
let lastTouched = Date.now();
let ended = false;
for (const kind of ["pointerdown", "keydown"]) {
  document.addEventListener(kind, () => { lastTouched = Date.now(); }, { capture: true, passive: true });
}

/** Say that the login has ended, with the way to a new one and back here. */
export function loggedOut() {
  ended = true;
  const next = encodeURIComponent(location.pathname + location.search);
  toast(say("logged_out"), { bad: true, link: { href: `/console/login?next=${next}`, text: say("log_in") } });
}

/** The fresh parts of this page as an element, or null if they could not be had. */
export async function fetchParts() {
  if (ended) return null;
  const headers = { "X-Fetch": "1" };
  // Only what a person does keeps a login alive; a page that refreshes itself does not.
  if (Date.now() - lastTouched > 60_000) headers["X-Background"] = "1";
  try {
    const response = await fetch(location.pathname + location.search, {
      headers, cache: "no-store", signal: AbortSignal.timeout(WAIT_MS),
    });
    if (response.status === 401) loggedOut();
    if (!response.ok) return null;
    const parts = new DOMParser().parseFromString(await response.text(), "text/html");
    return parts.body.firstElementChild;
  } catch {
    return null;
  }
}

/** A part of a page as an element, or null once the agent has been told why there is none. */
export async function fetchPart(path) {
  let answer = { ok: false, status: 0, data: null };
  try {
    const response = await fetch(path, {
      headers: { "X-Fetch": "1" }, cache: "no-store", signal: AbortSignal.timeout(WAIT_MS),
    });
    if (response.ok) return new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild;
    answer = { ok: false, status: response.status, data: await response.json() };
  } catch {
    // What the network or a proxy says instead of us needs no more words than "failed".
  }
  explain(answer);
  return null;
}

/** Send a form. Returns {ok, status, data, html}; status 0 means that the network failed. */
export async function post(path, fields) {
  const body = new URLSearchParams(fields);
  body.set("csrf", document.body.dataset.csrf);
  try {
    const response = await fetch(path, {
      method: "POST", body, headers: { "X-Fetch": "1" }, signal: AbortSignal.timeout(WAIT_MS),
    });
    const type = response.headers.get("Content-Type") ?? "";
    const answer = { ok: response.ok, status: response.status, data: null, html: null };
    if (type.startsWith("application/json")) answer.data = await response.json();
    else answer.html = await response.text();
    return answer;
  } catch {
    return { ok: false, status: 0, data: null, html: null };
  }
}

/** Tell the agent why something was not done. */
export function explain(answer) {
  if (answer.status === 401) loggedOut();
  else toast(answer.data?.text ?? say("failed"), { bad: true });
}
