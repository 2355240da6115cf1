// The WebSocket that says "look again"; while it is down, the page looks by itself.
import { say } from "./words.js";
import { refresh } from "./regions.js";
import { loggedOut } from "./server.js";

const LOGGED_OUT = 4401;
const POLL_MS = 20_000;
const SAFETY_MS = 60_000;
const LONGEST_PAUSE_MS = 15_000;
const TOGETHER_MS = 120;

const state = document.getElementById("link-state");
const text = document.getElementById("link-text");
let socket = null;
let tries = 0;
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
  else if (frame.type !== "typing") refreshSoon();
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/console/ws`);
  socket.addEventListener("open", () => {
    tries = 0;
    show("live");
    socket.send(JSON.stringify({ type: "watch", number: document.body.dataset.number || null }));
    refreshSoon();
  });
  socket.addEventListener("message", (event) => hear(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => {
    if (event.code === LOGGED_OUT) {
      show("offline");
      loggedOut();
      return;
    }
    tries += 1;
    show(tries > 1 ? "polling" : "connecting");
    const longest = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** tries);
    setTimeout(connect, longest / 2 + Math.random() * longest / 2);
  });
}

/** Tell the server, and through it the customer, that this agent is writing. */
export function sayTyping() {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "typing" }));
}

/** Keep this page current from now on; typing() is called when the customer writes. */
export function stayCurrent(typing) {
  onTyping = typing;
  connect();
  setInterval(async () => {
    if (state.dataset.state === "live") return;
    const worked = await refresh();
    if (state.dataset.state !== "live" && state.dataset.state !== "connecting") show(worked ? "polling" : "offline");
  }, POLL_MS);
  setInterval(() => { if (state.dataset.state === "live") refresh(); }, SAFETY_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refreshSoon(); });
}
