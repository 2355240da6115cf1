// The pages of deadlines: countdowns, the list that stays current, acknowledging and putting off.
import { startCountdowns } from "./countdown.js";
import { explain, fetchPart, post } from "./server.js";
import { toast } from "./toasts.js";

const list = document.getElementById("queue");
const dialog = document.getElementById("snooze-dialog");

async function look() {
  const { refresh } = await import("./regions.js");
  return refresh();
}

async function send(form) {
  const button = form.querySelector("button");
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  const answer = await post(form.getAttribute("action"), new FormData(form));
  button.setAttribute("aria-busy", "false");
  if (answer.ok) toast(answer.data.text);
  else explain(answer);
  // What was typed stays where only that was wrong.
  if (answer.status === 422) return;
  dialog.close();
  await look();
}

async function ask(link) {
  const row = link.closest("[data-key]");
  const part = await fetchPart(link.href.split("#")[0]);
  const forms = part?.querySelector(".snooze-forms");
  if (!forms) return look();
  dialog.querySelector("[data-number]").textContent = row.dataset.ticket;
  dialog.querySelector("[data-forms]").replaceChildren(document.importNode(forms, true));
  dialog.showModal();
}

function rowInFocus() {
  const row = document.activeElement?.closest?.("[data-key]");
  return row ?? document.querySelector("tbody.rows > [data-key]");
}

const KEYS = {
  a: () => rowInFocus()?.querySelector("[data-acknowledge]")?.click(),
  s: () => rowInFocus()?.querySelector("[data-snooze]")?.click(),
  w: () => rowInFocus()?.querySelector("[data-why-due]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
  const act = KEYS[event.key];
  if (!act || !list) return;
  event.preventDefault();
  act();
});

document.addEventListener("submit", (event) => {
  // Anywhere else the page that answers says what was done.
  if (!list || !event.target.matches("[data-alerts]")) return;
  event.preventDefault();
  send(event.target);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-snooze]");
  if (!link || !dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  ask(link);
});

startCountdowns();
if (list) {
  const [{ rememberAll }, { stayCurrent }] = await Promise.all([import("./regions.js"), import("./live.js")]);
  rememberAll();
  stayCurrent(() => {});
}
