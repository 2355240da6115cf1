// The form of an entry: preview, hints while typing, related entries, a draft that survives, nothing lost by leaving.
import { say } from "./words.js";
import { startPicks } from "./picks.js";
import { takePictures } from "./pictures.js";
import { forgetDraft, keepDraft, keptDraft } from "./drafts.js";

const WAIT_MS = 600;
const form = document.getElementById("entry-form");
const state = document.getElementById("save-state");
let clean = snapshot();
let leaving = false;

function fields() {
  return new FormData(form);
}

function snapshot() {
  const kept = [...new FormData(form)].filter(([name]) => !["csrf", "version", "note", "then"].includes(name));
  return JSON.stringify(kept);
}

function isDirty() {
  return snapshot() !== clean;
}

async function part(path, more = {}) {
  const body = new URLSearchParams(fields());
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  try {
    const response = await fetch(path, { method: "POST", body, headers: { "X-Fetch": "1" } });
    if (!response.ok) return null;
    return new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild;
  } catch {
    return null;
  }
}

/** Run it once typing has paused; a later answer never gives way to an earlier one. */
function settled(work, show) {
  let timer = null;
  let newest = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = ++newest;
      const found = await work();
      if (found && mine === newest) show(found);
    }, WAIT_MS);
  };
}

const preview = document.getElementById("preview");
const channel = document.getElementById("preview-channel");
const hints = document.getElementById("hints");
const showPreview = settled(
  () => part("/console/knowledge/preview", { channel: channel.value }),
  (found) => preview.replaceChildren(found),
);
const showHints = settled(
  () => part("/console/knowledge/check"),
  (found) => {
    if (hints.textContent.trim() !== found.textContent.trim()) hints.replaceChildren(found);
  },
);

function count() {
  for (const place of document.querySelectorAll("[data-count-of]")) {
    const written = document.getElementById(place.dataset.countOf).value.length;
    place.textContent = say("count_of", { count: written, most: place.dataset.most });
    place.classList.toggle("over", written > Number(place.dataset.most));
  }
  for (const place of document.querySelectorAll("[data-lines-of]")) {
    const lines = document.getElementById(place.dataset.linesOf).value.split("\n").filter((one) => one.trim());
    place.textContent = say("lines_count", { count: lines.length });
  }
}

function changed(event) {
  count();
  const name = event?.target?.name ?? "";
  if (!name || name.startsWith("answer")) showPreview();
  if (!name || ["question", "similar", "answer"].includes(name) || name.startsWith("answer_")) showHints();
  if (isDirty()) {
    keepDraft(form);
    state.textContent = say("draft_kept", { at: new Date().toTimeString().slice(0, 5) });
  } else {
    forgetDraft(form);
    state.textContent = "";
  }
}

function offerKeptDraft() {
  const notice = document.getElementById("kept-draft");
  const kept = keptDraft(form);
  if (!kept) return;
  const texts = Object.entries(kept.texts);
  if (texts.every(([name, text]) => form.elements.namedItem(name)?.value === text)) return;
  notice.hidden = false;
  notice.querySelector("[data-older]").hidden = kept.version === form.dataset.version;
  notice.querySelector("[data-restore-draft]").addEventListener("click", () => {
    for (const [name, text] of texts) {
      const field = form.elements.namedItem(name);
      if (field) field.value = text;
    }
    document.dispatchEvent(new Event("picks"));
    notice.hidden = true;
    changed();
    form.elements.namedItem("question").focus();
  });
  notice.querySelector("[data-drop-draft]").addEventListener("click", () => {
    forgetDraft(form);
    notice.hidden = true;
  });
}

if (form && !form.querySelector("fieldset").disabled) {
  startPicks(form, changed);
  takePictures(form.elements.namedItem("answer"), document.getElementById("put-picture"));
  for (const other of form.querySelectorAll("textarea[name^=answer_]")) takePictures(other);
  clean = snapshot();
  // A form that came back with problems, or to be merged, holds what nobody has saved.
  if (document.querySelector("#problems, .theirs")) clean = "";
  offerKeptDraft();
  count();
  showPreview();
  showHints();
  form.addEventListener("input", changed);
  channel.addEventListener("change", showPreview);
  form.addEventListener("submit", () => {
    leaving = true;
    state.textContent = say("saving");
  });
  for (const other of document.querySelectorAll("form[data-leaves]")) {
    other.addEventListener("submit", () => { leaving = !isDirty(); });
  }
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && isDirty()) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      form.requestSubmit(form.querySelector('button[name=then][value=""]'));
    }
  });
  document.getElementById("problems")?.focus();
}
