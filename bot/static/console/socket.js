// The one WebSocket of this page, for whoever on it wants to hear or to say something.
const LOGGED_OUT = 4401;
const LONGEST_PAUSE_MS = 15_000;
const listeners = [];
const watchers = [];
let path = null;
let socket = null;
let tries = 0;

function tell(state) {
  for (const watcher of watchers) watcher(state);
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}${path}`);
  socket.addEventListener("open", () => {
    tries = 0;
    tell("live");
  });
  socket.addEventListener("message", (event) => {
    const frame = JSON.parse(event.data);
    for (const listener of listeners) listener(frame);
  });
  socket.addEventListener("close", (event) => {
    if (event.code === LOGGED_OUT) {
      tell("ended");
      return;
    }
    tries += 1;
    tell(tries > 1 ? "polling" : "connecting");
    const longest = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** tries);
    setTimeout(connect, longest / 2 + Math.random() * longest / 2);
  });
}

/** Call with each frame that comes. */
export function onFrame(listener) {
  listeners.push(listener);
}

/** Call with "live", "connecting", "polling" (away for longer) or "ended" (the login is over) whenever that changes. */
export function onState(watcher) {
  watchers.push(watcher);
  if (socket?.readyState === WebSocket.OPEN) watcher("live");
}

/** Send a frame, if there is a connection now. */
export function send(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

/** Connect and stay connected; calls after the first change nothing. */
export function open(address = "/console/ws") {
  if (path) return;
  path = address;
  connect();
}
