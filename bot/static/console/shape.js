// A ticket's properties and its customer: what would follow is told while somebody chooses, and saved can be undone.
import { toast } from "./toasts.js";
import { explain, post } from "./server.js";
import { refresh } from "./regions.js";

const PAUSE_MS = 350;
const region = document.querySelector('.region[data-region="properties"]');
const typedIn = (form) => [...form.elements].filter((one) => one.name && one.type !== "hidden");
const pathOf = (form) => form.getAttribute("action");

function isDirty(form) {
  return typedIn(form).some((one) => (one.tagName === "SELECT"
    ? one.selectedOptions[0]?.defaultSelected === false
    : one.value !== one.defaultValue));
}

/** While somebody types here, nothing that is new may take it away. */
function noteBusy() {
  const busy = [...region.querySelectorAll("form[data-shape]")].some(isDirty);
  if (busy) region.dataset.busy = "yes";
  else delete region.dataset.busy;
}

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

async function save(form, path, fields) {
  const answer = await post(path, fields);
  if (!answer.ok) {
    if (answer.status === 422 && form) tell(form, answer.data.text, true);
    else explain(answer);
    if (answer.status !== 409) return;
  } else {
    const { text, undo } = answer.data;
    const { fields: before, ...seen } = undo ?? {};
    toast(text, { undo: undo && (() => save(null, path, { ...seen, ...before })) });
  }
  // What is shown from here on is how it stands now, after a conflict too: what was typed was refused.
  delete region.dataset.busy;
  await refresh();
}

export function startShape() {
  region.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-shape]");
    if (!form) return;
    noteBusy();
    clearTimeout(waiting.get(form));
    waiting.set(form, setTimeout(() => foretell(form), PAUSE_MS));
  });
  region.addEventListener("submit", async (event) => {
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
