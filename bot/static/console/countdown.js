// Keeps every countdown on the page true, by the server's clock.
import { say } from "./words.js";

const MINUTE = 60_000;
let ahead = 0;

/** Set how far the server's clock is ahead of this machine's. */
export function setServerTime(milliseconds) {
  ahead = milliseconds - Date.now();
}

/** A duration in its two largest units. */
export function length(milliseconds) {
  const total = Math.floor(Math.abs(milliseconds) / MINUTE);
  const days = Math.floor(total / 1440);
  const hours = Math.floor(total / 60) % 24;
  const minutes = total % 60;
  if (days) return say(hours ? "length.days" : "length.whole_days", { days, hours });
  if (hours) return say(minutes ? "length.hours" : "length.whole_hours", { hours, minutes });
  return minutes ? say("length.minutes", { minutes }) : say("length.moment");
}

function show(badge, now, soon) {
  const left = Number(badge.dataset.due) - now;
  const soonAt = Number(badge.dataset.soonAt ?? badge.dataset.due - soon);
  const urgency = left <= 0 ? "overdue" : soonAt <= now ? "soon" : "calm";
  const text = say(left <= 0 ? "overdue_by" : "time_left", { length: length(left) });
  const time = badge.querySelector("[data-due-text]");
  if (time.textContent !== text) time.textContent = text;
  if (badge.classList.contains(`due-${urgency}`)) return;
  badge.classList.remove("due-calm", "due-soon", "due-overdue");
  badge.classList.add(`due-${urgency}`);
  badge.querySelector("[data-due-word]").textContent = say(`urgency_${urgency}`);
}

/** Bring all countdowns up to date now. */
export function tick() {
  const now = Date.now() + ahead;
  const soon = Number(document.body.dataset.soon);
  for (const badge of document.querySelectorAll("[data-due]")) show(badge, now, soon);
}

/** Keep them so. */
export function startCountdowns() {
  setServerTime(Number(document.body.dataset.now));
  setInterval(tick, 1000);
}
