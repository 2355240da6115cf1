// Short news at the foot of the window, with the way back where there is one.
import { say } from "./words.js";

const HERE_MS = 7000;
const FOOT = 24;
const ROOM = 120;
const box = document.getElementById("toasts");
const composer = document.getElementById("composer");

// Above the composer, whose buttons answer what is said; without one, or where it fills the window, as the style says.
function keepClear() {
  const top = composer?.offsetParent ? composer.getBoundingClientRect().top : innerHeight;
  const clear = innerHeight - top + 8;
  box.style.bottom = clear > FOOT && top > ROOM ? `${clear}px` : "";
}

if (composer) new ResizeObserver(keepClear).observe(composer);

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

/** Show a sentence; undo, if given, is what the button 撤销 does. */
export function toast(text, { undo = null, bad = false, link = null } = {}) {
  const shown = document.createElement("div");
  shown.className = bad ? "toast toast-bad" : "toast";
  const words = document.createElement("span");
  words.textContent = text;
  shown.append(words);
  const leave = () => shown.remove();
  if (undo) shown.append(button(say("undo"), () => { leave(); undo(); }));
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.textContent = link.text;
    shown.append(anchor);
  }
  if (bad) shown.append(button(say("close"), leave));
  keepClear();
  box.replaceChildren(shown);
  if (!bad) setTimeout(leave, undo ? 2 * HERE_MS : HERE_MS);
}

for (const old of box.children) setTimeout(() => old.remove(), HERE_MS);
