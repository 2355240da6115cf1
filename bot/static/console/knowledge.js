// What every page of an area does: menus that close, filters that apply at once, keys for lists.
import "./toasts.js";
import { forgetDrafts, forgetSaved } from "./drafts.js";

const keys = document.getElementById("keys");
const SHORTCUTS = {
  "?": () => keys.showModal(),
  "/": () => document.querySelector("input[type=search]")?.focus(),
  n: () => document.querySelector("[data-new]")?.click(),
  j: () => move(1),
  k: () => move(-1),
};

function move(step) {
  const links = [...document.querySelectorAll(".entry-link")];
  const at = links.indexOf(document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
}

function isWriting(element) {
  return element.matches("input, textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isWriting(event.target)) return;
  const act = SHORTCUTS[event.key];
  if (!act || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  act();
});
document.querySelector("[data-open-keys]").addEventListener("click", () => keys.showModal());
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("submit", (event) => {
  if (event.target.matches('form[action="/console/logout"]')) forgetDrafts();
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-drops-draft]");
  if (link) forgetSaved(link.dataset.dropsDraft);
});
const asked = new URLSearchParams(location.search);
if (asked.has("saved")) forgetSaved(asked.get("saved"));
if (asked.has("saved") || asked.has("done")) {
  // What was just done is said once; the address stays good for a reload.
  asked.delete("saved");
  asked.delete("done");
  history.replaceState(null, "", location.pathname + (asked.size ? `?${asked}` : ""));
}
