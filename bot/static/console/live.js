// Looks again whenever the WebSocket says so; while that is down, by itself.
import { say } from "./words.js";
import { refresh } from "./regions.js";
import { loggedOut } from "./server.js";
import { onFrame, onState, open, send } from "./socket.js";

const POLL_MS = 20_000;
const SAFETY_MS = 60_000;
const TOGETHER_MS = 120;

const state = document.getElementById("link-state");
const text = document.getElementById("link-text");
let timer = null;
let onTyping = () => {};

function show(name) {
  state.dataset.state = name;
  text.textContent = say(name);
  state.title = say(name);
}

function refreshSoon() {
  timer ??= setTimeout(async () => {
    timer = null;
    await refresh();
  }, TOGETHER_MS);
}

function hear(frame) {
  const here = document.body.dataset.number;
  if (frame.type === "typing" && frame.number === here) onTyping();
  else if (["queue", "conversation"].includes(frame.type)) refreshSoon();
}

function follow(name) {
  if (name === "ended") {
    show("offline");
    loggedOut();
    return;
  }
  show(name);
  if (name !== "live") return;
  send({ type: "watch", number: document.body.dataset.number || null });
  refreshSoon();
}

/** Tell the server, and through it the customer, that this agent is writing. */
export function sayTyping() {
  send({ type: "typing" });
}

/** Keep this page current from now on; typing() is called when the customer writes. */
export function stayCurrent(typing) {
  onTyping = typing;
  onFrame(hear);
  onState(follow);
  open();
  setInterval(async () => {
    if (state.dataset.state === "live") return;
    const worked = await refresh();
    if (state.dataset.state !== "live" && state.dataset.state !== "connecting") show(worked ? "polling" : "offline");
  }, POLL_MS);
  setInterval(() => { if (state.dataset.state === "live") refresh(); }, SAFETY_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refreshSoon(); });
}
