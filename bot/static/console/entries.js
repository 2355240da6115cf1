// Entries beside a ticket: looked up while the agent types, and short forms that are answered without a reload.
import { toast } from "./toasts.js";
import { explain, fetchPart, post } from "./server.js";
import { refresh } from "./regions.js";

const WAIT_MS = 250;
const form = document.querySelector("[data-look-up]");
const found = document.getElementById("found");
let timer = null;
let newest = 0;

async function lookUp() {
  const mine = ++newest;
  const text = form.elements.namedItem("q").value.trim();
  if (!text) {
    found.replaceChildren();
    return;
  }
  const part = await fetchPart(`${form.getAttribute("action")}?q=${encodeURIComponent(text)}`);
  if (part && mine === newest) found.replaceChildren(part);
}

async function tell(told, submitter) {
  const fields = new FormData(told);
  if (submitter?.name) fields.set(submitter.name, submitter.value);
  const answer = await post(told.getAttribute("action"), fields);
  if (answer.ok) toast(answer.data.text, { link: answer.data.link });
  else explain(answer);
  await refresh();
  if (form.elements.namedItem("q").value) lookUp();
}

export function startEntries() {
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(lookUp, WAIT_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    lookUp();
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-tell]")) return;
    event.preventDefault();
    if (event.target.getAttribute("aria-busy") === "true") return;
    event.target.setAttribute("aria-busy", "true");
    tell(event.target, event.submitter).finally(() => event.target.removeAttribute("aria-busy"));
  });
}
