// The wall-board: stays current by itself, and says so when it does not.
import { say } from "./words.js";
import { length, setServerTime, startCountdowns, tick } from "./countdown.js";
import { onFrame, onState, open } from "./socket.js";

const EVERY_MS = 15_000;
const TOGETHER_MS = 1_000;
const WAIT_MS = 10_000;
const STALE_MS = 45_000;
const board = document.getElementById("board");
const stale = document.getElementById("stale");
const clock = document.getElementById("wall-clock");
let fresh = Date.now();
let ended = false;
let timer = null;
let ahead = Number(document.body.dataset.now) - Date.now();

function showAge() {
  const age = Date.now() - fresh;
  stale.hidden = !ended && age < STALE_MS;
  document.body.classList.toggle("wall-is-stale", !stale.hidden);
  if (!stale.hidden) stale.textContent = ended ? say("wall_ended") : say("stale", { length: length(age) });
}

function showTime() {
  const told = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: clock.dataset.zone };
  clock.textContent = new Intl.DateTimeFormat("en-GB", told).format(new Date(Date.now() + ahead));
}

function take(part) {
  const now = Number(part.dataset.now);
  setServerTime(now);
  ahead = now - Date.now();
  board.replaceChildren(part);
  fresh = Date.now();
  tick();
}

async function look() {
  if (ended) return;
  try {
    const response = await fetch(location.pathname, {
      headers: { "X-Fetch": "1", "X-Background": "1" }, cache: "no-store", signal: AbortSignal.timeout(WAIT_MS),
    });
    if (response.status === 401) ended = true;
    if (response.ok) take(new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild);
  } catch {
    // How old the picture is says enough.
  }
  showAge();
}

function lookSoon() {
  timer ??= setTimeout(async () => {
    timer = null;
    await look();
  }, TOGETHER_MS);
}

startCountdowns();
onFrame((frame) => { if (frame.type === "queue") lookSoon(); });
onState((state) => {
  if (state === "live") lookSoon();
  if (state === "ended") ended = true;
  showAge();
});
open("/console/wall/ws");
setInterval(look, EVERY_MS);
setInterval(() => { showAge(); showTime(); }, 1_000);
showTime();
