// The forms of rules: tried out while they are typed, and moved through without reloading the page.
import { explain, post } from "./server.js";

const WAIT_MS = 400;
const form = document.getElementById("rule-form");
let timer = 0;
let asked = 0;

function fields() {
  return [...new FormData(form)].filter(([name]) => name !== "csrf");
}

/** What the form would come to, put in the place of what it came to before. */
async function tryOut() {
  const turn = ++asked;
  const place = document.getElementById("tried-place");
  const open = [...place.querySelectorAll(".trial details")].map((one) => one.open);
  place.setAttribute("aria-busy", "true");
  const answer = await post(form.dataset.tries, fields());
  if (turn !== asked) return;
  place.removeAttribute("aria-busy");
  if (!answer.html) return explain(answer);
  place.replaceChildren(new DOMParser().parseFromString(answer.html, "text/html").body.firstElementChild);
  place.querySelectorAll(".trial details").forEach((one, at) => { if (at in open) one.open = open[at]; });
}

function tryOutSoon() {
  clearTimeout(timer);
  timer = setTimeout(tryOut, WAIT_MS);
}

function pick(button) {
  document.querySelector("[name='try.day']").value = button.dataset.day;
  document.querySelector("[name='try.at']").value = button.dataset.at;
  mark();
  tryOut();
}

/** Which of the moments offered is the one that is tried. */
function mark() {
  const day = document.querySelector("[name='try.day']").value;
  const at = document.querySelector("[name='try.at']").value;
  for (const one of document.querySelectorAll(".chip-button")) {
    const same = one.dataset.day === day && one.dataset.at === at;
    one.toggleAttribute("aria-current", same);
    if (same) one.setAttribute("aria-current", "true");
  }
}

function copyMonday() {
  const monday = document.getElementById("week-0").value;
  for (const number of [1, 2, 3, 4]) document.getElementById(`week-${number}`).value = monday;
  tryOut();
}

/** More empty rows, numbered on from the last one. */
function addRows() {
  const rows = document.querySelectorAll(".special-day:not(.special-head)");
  const last = rows[rows.length - 1];
  const next = last.cloneNode(true);
  next.querySelectorAll(".field-problem").forEach((one) => one.remove());
  for (const input of next.querySelectorAll("input")) {
    input.name = input.name.replace(/\d+/, String(rows.length));
    input.value = "";
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  last.after(next);
  next.querySelector("input").focus();
}

if (form?.querySelector("[data-saves]")) {
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      if (event.target.form !== form) return;
      if (event.target.name?.startsWith("try.")) mark();
      tryOutSoon();
    });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const act = button && [[".chip-button", () => pick(button)], ["[data-copies]", copyMonday], ["[data-more]", addRows]]
      .find(([selector]) => button.matches(selector))?.[1];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
document.getElementById("problems")?.focus();
document.querySelector(".subnav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

const going = document.querySelector("[data-goes-on]");
if (going) setTimeout(() => going.requestSubmit(), WAIT_MS);
