// The console page: starts its parts.
import { say } from "./words.js";
import { startCountdowns } from "./countdown.js";
import { onRefresh, rememberAll } from "./regions.js";
import { startActs } from "./acts.js";
import { forgetDrafts, insert, startComposer } from "./composer.js";
import { startKeys } from "./keys.js";
import { stayCurrent } from "./live.js";
import { startWhy } from "./why.js";

const title = document.title;

function countInTitle() {
  const waiting = Number(document.querySelector("[data-waiting]").dataset.waiting);
  document.title = waiting ? say("waiting_title", { count: waiting, title }) : title;
}

function startPanes() {
  const columns = document.querySelector(".columns");
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-toggle-pane]")) return;
    columns.dataset.pane = columns.dataset.pane === "side" ? "talk" : "side";
  });
}

async function startTicket() {
  const [{ startTalk, showTyping }, { startEntries }, { startShape }] = await Promise.all([
    import("./talk.js"), import("./entries.js"), import("./shape.js"),
  ]);
  const columns = document.querySelector(".columns");
  startTalk();
  startComposer();
  startWhy();
  startEntries();
  startShape();
  document.addEventListener("click", (event) => {
    const candidate = event.target.closest("[data-insert]")?.closest(".candidate");
    if (!candidate) return;
    columns.dataset.pane = "talk";
    const { entry, version } = candidate.dataset;
    insert(candidate.querySelector(".candidate-answer").textContent, `${entry}@${version}`);
  });
  return showTyping;
}

document.querySelector('form[action="/console/logout"]').addEventListener("submit", forgetDrafts);
startPanes();
rememberAll();
startCountdowns();
startActs();
countInTitle();
onRefresh(countInTitle);
startKeys();
stayCurrent(document.body.dataset.number ? await startTicket() : () => {});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
