// A publication: follows its replay, and accepts flips without losing the place on the page.
import { explain, fetchParts, post } from "./server.js";

const WAIT_MS = 800;
const MOVING = ["running", "stale"];

function box() {
  return document.getElementById("publication");
}

function show(fresh) {
  const place = document.activeElement?.dataset?.focus;
  const rows = [...box().querySelectorAll("[data-focus^=flip-]")].map((button) => button.dataset.focus);
  box().replaceWith(fresh);
  if (place) focusAgain(place, rows);
}

/** The button that was pressed may be gone: then the next one of its kind, then the one that publishes. */
function focusAgain(place, rows) {
  const later = [place, ...rows.slice(rows.indexOf(place) + 1), "all", "publish"];
  for (const name of later) {
    const button = box().querySelector(`[data-focus="${name}"]:not([disabled])`);
    if (button) return button.focus();
  }
}

async function follow() {
  if (!MOVING.includes(box().dataset.state)) return;
  const fresh = await fetchParts();
  if (fresh) show(fresh);
  setTimeout(follow, WAIT_MS);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-accept]")) return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  const answer = await post(form.getAttribute("action") + location.search, fields);
  if (!answer.ok || !answer.html) return explain(answer);
  show(new DOMParser().parseFromString(answer.html, "text/html").body.firstElementChild);
});

setTimeout(follow, WAIT_MS);
