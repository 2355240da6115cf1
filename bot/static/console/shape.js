// A ticket's properties and its customer: what would follow is told while somebody chooses, and saved can be undone.
import { toast } from "./toasts.js";
import { explain, fetchParts, post } from "./server.js";
import { isChanged, refresh } from "./regions.js";

const PAUSE_MS = 350;
const side = document.getElementById("side");
const typedIn = (form) => [...form.elements].filter((one) => one.name && one.type !== "hidden");
const pathOf = (form) => form.getAttribute("action");

const isDirty = (form) => typedIn(form).some(isChanged);

function tell(form, text, bad = false) {
  const place = form.querySelector("[data-outlook]");
  place.textContent = text;
  if (bad) place.dataset.bad = "yes";
  else delete place.dataset.bad;
}

const waiting = new WeakMap();
const asked = new WeakMap();

/** Ask no more for this form; what is on its way counts no more. */
function forget(form) {
  clearTimeout(waiting.get(form));
  asked.set(form, (asked.get(form) ?? 0) + 1);
  return asked.get(form);
}

async function foretell(form) {
  const turn = forget(form);
  if (!isDirty(form)) {
    tell(form, "");
    return;
  }
  const query = new URLSearchParams(typedIn(form).map((one) => [one.name, one.value]));
  try {
    const response = await fetch(`${pathOf(form)}/outlook?${query}`, { headers: { "X-Fetch": "1" }, cache: "no-store" });
    if (!response.ok || turn !== asked.get(form)) return;
    const { text, bad } = await response.json();
    tell(form, text, bad);
  } catch {
    // It is only a look ahead; saving says what went wrong.
  }
}

/** Somebody was faster, and the agent has been told: what is saved next takes that into account. */
async function catchUp(form) {
  await refresh();
  const fresh = (await fetchParts())?.querySelector(`form[data-shape="${form.dataset.shape}"]`);
  for (const name of ["version", "contact_version"]) {
    const seen = form.elements.namedItem(name);
    if (seen && fresh) seen.value = fresh.elements.namedItem(name).value;
  }
}

async function save(form, path, fields) {
  const answer = await post(path, fields);
  if (!answer.ok) {
    if (answer.status === 422 && form) tell(form, answer.data.text, true);
    else explain(answer);
    if (answer.status === 409 && form) await catchUp(form);
    return;
  }
  const { text, undo } = answer.data;
  const { fields: before, ...seen } = undo ?? {};
  toast(text, { undo: undo && (() => save(null, path, { ...seen, ...before })) });
  for (const one of document.querySelectorAll("form[data-shape]")) if (pathOf(one) === path) one.reset();
  await refresh();
}

export function startShape() {
  side.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-shape]");
    if (!form) return;
    clearTimeout(waiting.get(form));
    waiting.set(form, setTimeout(() => foretell(form), PAUSE_MS));
  });
  side.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-shape]");
    if (!form) return;
    event.preventDefault();
    const button = form.querySelector("button");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    forget(form);
    await save(form, pathOf(form), new FormData(form));
    button.setAttribute("aria-busy", "false");
  });
}
