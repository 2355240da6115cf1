// The conversation's scrolling, and which message counts as seen: the newest one that was really on screen.
import { onRefresh } from "./regions.js";

const NEAR = 40;
const TYPING_MS = 5000;
const scroll = document.getElementById("talk-scroll");
const toNewest = document.getElementById("to-newest");
const typing = document.getElementById("typing");
let atEnd = true;
let typingTimer = null;

const newest = () => scroll.querySelector(".talk").dataset.last;
const seenField = () => document.querySelector('#form-reply [name="last_seen"]');

function isAtEnd() {
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
}

function scrollToEnd() {
  scroll.scrollTop = scroll.scrollHeight;
}

/** Take the newest message for seen if it is on screen before a person. */
export function noteSeen() {
  atEnd = isAtEnd();
  if (atEnd && !document.hidden) {
    seenField().value = newest();
    document.querySelector('#form-reply [name="version"]').value = scroll.querySelector(".talk").dataset.version;
  }
  toNewest.hidden = atEnd || seenField().value === newest();
}

/** Show for a while that the customer is writing. */
export function showTyping() {
  typing.hidden = false;
  if (atEnd) scrollToEnd();
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => { typing.hidden = true; }, TYPING_MS);
}

export function startTalk() {
  scrollToEnd();
  // A new message must not steal the place of somebody who reads further up.
  new ResizeObserver(() => { if (atEnd) scrollToEnd(); }).observe(scroll);
  scroll.addEventListener("scroll", noteSeen, { passive: true });
  document.addEventListener("visibilitychange", noteSeen);
  toNewest.addEventListener("click", () => { scrollToEnd(); noteSeen(); });
  let last = newest();
  onRefresh(() => {
    if (newest() !== last) {
      last = newest();
      typing.hidden = true;
    }
    if (atEnd) scrollToEnd();
    noteSeen();
  });
  noteSeen();
}
