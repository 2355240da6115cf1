// The keyboard. Nothing happens while somebody writes, except Escape.
import { choose } from "./composer.js";
import { press } from "./acts.js";

const dialog = document.getElementById("keys");
const onTicket = Boolean(document.body.dataset.number);

function rows() {
  return [...document.querySelectorAll(".rows a")];
}

function move(step) {
  const all = rows();
  if (all.length === 0) return;
  const focused = all.indexOf(document.activeElement);
  const shown = all.findIndex((row) => row.hasAttribute("aria-current"));
  const from = focused >= 0 ? focused : shown;
  const next = all[Math.min(all.length - 1, Math.max(0, from + step))];
  if (onTicket && focused < 0) next.click();
  else next.focus();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  r: () => onTicket && choose("reply"),
  n: () => onTicket && choose("note"),
  t: () => press("take-over"),
  e: () => press("resolve"),
  u: () => document.querySelector("[data-back]")?.click(),
  "/": () => document.querySelector("[data-look-up] input")?.focus(),
  "?": () => dialog.showModal(),
};

function isWriting(element) {
  return element.matches("input, textarea, select, [contenteditable]");
}

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isWriting(event.target)) event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isWriting(event.target) || dialog.open) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  for (const opener of document.querySelectorAll("[data-open-keys]")) {
    opener.addEventListener("click", () => dialog.showModal());
  }
}
