// Keeps one session with the server alive: WebSocket first, HTTP when WebSockets do not come up, back to WebSocket
// later. Notices a dead network from the browser's own events and from answers that do not come.

import { backoff } from "./backoff.js";
import { openPolling } from "./polling.js";
import { openSocket } from "./socket.js";

const SOCKET_TRIES = 2;
const STABLE_MS = 10_000;
const UPGRADE_MS = 15_000;
const UPGRADE_CAP_MS = 300_000;
const PROBE_MS = 8000;
const QUIET_MS = 45_000;
const WATCH_MS = 15_000;
const REFUSED_MS = 30_000;

export class Connection {
  #wire;
  #changed;
  #received;
  #probeFrame;
  #session = null;
  #failures = 0;
  #socketFailures = 0;
  #wake = () => {};
  #heardAt = 0;
  #probe = 0;
  // idle, connecting, ready, broken (trying again) or refused (the server said no, trying again slowly).
  status = "idle";

  // hello(), token() and after() are asked anew for each attempt; probe() is a frame the server must answer.
  constructor({ server, hello, token, after, probe, received, changed }) {
    this.#received = received;
    this.#changed = changed;
    this.#probeFrame = probe;
    this.#wire = { server, hello, token, after, receive: (frame) => this.#receive(frame) };
  }

  start() {
    if (this.status !== "idle") return;
    this.#become("connecting");
    this.#listen();
    this.#run();
  }

  // False when there is no session; the caller keeps the frame.
  send(frame) {
    return this.status === "ready" && this.#session.send(frame);
  }

  // Tries at once instead of waiting for the next attempt.
  hurry() {
    this.#wake();
  }

  restart() {
    this.#failures = 0;
    this.#session?.close();
    this.#wake();
  }

  // Asks for a sign of life; without one the session is given up.
  probe() {
    if (this.#probe || !this.send(this.#probeFrame())) return;
    this.#probe = setTimeout(() => {
      this.#probe = 0;
      this.#session?.close();
    }, PROBE_MS);
  }

  async #run() {
    for (;;) {
      let pause;
      try {
        await this.#live(await this.#open());
        pause = backoff(this.#failures++);
        this.#become("broken");
      } catch (error) {
        pause = this.#pauseAfter(error);
      }
      await this.#rest(pause);
    }
  }

  #pauseAfter(error) {
    const refused = error.frame?.code;
    this.#failures += 1;
    // The token was forgotten on receipt: a new hello is all it takes, but not in a tight circle.
    if (refused === "bad_token") return this.#failures > 1 ? backoff(this.#failures) : 0;
    this.#become(refused ? "refused" : "broken");
    if (error.frame?.retry_after > 0) return error.frame.retry_after * 1000 + backoff(0);
    return refused ? Math.max(REFUSED_MS / 2, backoff(this.#failures + 5)) : backoff(this.#failures);
  }

  async #open() {
    if (this.#socketFailures >= SOCKET_TRIES) {
      // After one try over HTTP the WebSocket is due again.
      this.#socketFailures = SOCKET_TRIES - 1;
      return openPolling(this.#wire);
    }
    try {
      const session = await openSocket(this.#wire);
      this.#socketFailures = 0;
      return session;
    } catch (error) {
      if (!error.frame) this.#socketFailures += 1;
      throw error;
    }
  }

  async #live(session) {
    this.#session = session;
    const openedAt = performance.now();
    this.status = "ready";
    this.#changed("ready");
    if (session.kind === "polling") this.#upgrade(session, UPGRADE_MS);
    await session.ended;
    this.#stopProbe();
    if (performance.now() - openedAt > STABLE_MS) this.#failures = 0;
    if (session.successor) await this.#live(session.successor);
    else this.#session = null;
  }

  #upgrade(polling, pause) {
    setTimeout(async () => {
      if (this.#session !== polling) return;
      try {
        polling.successor = await openSocket(this.#wire);
        this.#socketFailures = 0;
        polling.close();
      } catch {
        this.#upgrade(polling, Math.min(UPGRADE_CAP_MS, pause * 4));
      }
    }, pause);
  }

  #receive(frame) {
    this.#heardAt = performance.now();
    this.#stopProbe();
    this.#received(frame);
  }

  #stopProbe() {
    clearTimeout(this.#probe);
    this.#probe = 0;
  }

  #rest(ms) {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    }).finally(() => (this.#wake = () => {}));
  }

  #become(status) {
    if (this.status === status) return;
    this.status = status;
    this.#changed(status);
  }

  #listen() {
    addEventListener("online", () => this.#wake());
    addEventListener("offline", () => this.#session?.close());
    // An open session would keep the page out of the browser's back-forward cache.
    addEventListener("pagehide", () => this.#session?.close());
    addEventListener("pageshow", () => this.#wake());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "visible") return;
      this.#wake();
      if (performance.now() - this.#heardAt > QUIET_MS / 2) this.probe();
    });
    setInterval(() => {
      const watched = document.visibilityState === "visible" && this.#session?.kind === "socket";
      if (watched && performance.now() - this.#heardAt > QUIET_MS) this.probe();
    }, WATCH_MS);
  }
}
