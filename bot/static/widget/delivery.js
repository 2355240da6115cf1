// Sends the outbox in order, one entry at a time: the next goes out when the one before is acknowledged. The same
// entry is sent again with the same id after a timeout or an error that says so, which the server makes harmless.

import { backoff } from "./backoff.js";

const ACK_MS = 10_000;

export class Delivery {
  #outbox;
  #send;
  #stalled;
  #changed;
  #inFlight = null;
  #timer = 0;
  #attempts = 0;
  #held = false;

  // send(frame) -> bool, false without a connection; stalled(): nothing was acknowledged for too long.
  constructor({ outbox, send, stalled, changed }) {
    this.#outbox = outbox;
    this.#send = send;
    this.#stalled = stalled;
    this.#changed = changed;
  }

  // Whether the server asked to wait before the next attempt.
  get held() {
    return this.#held;
  }

  flush() {
    if (this.#inFlight || this.#held) return;
    const entry = this.#outbox.head();
    if (!entry || !this.#send(entry.frame)) return;
    this.#inFlight = entry.id;
    this.#timer = setTimeout(() => this.#expire(), ACK_MS);
  }

  // Forgets what was in flight: its answer can no longer come. A new connection starts with flush().
  interrupt() {
    this.#release();
    this.#held = false;
    clearTimeout(this.#timer);
  }

  // The entry is with the server, learnt from an ack or from seeing the message itself.
  acknowledge(id) {
    const entry = this.#outbox.remove(id);
    if (this.#inFlight === id) this.#release();
    this.#attempts = 0;
    this.flush();
    return entry;
  }

  // True if the error was about an entry of ours. An error without an id answers what is in flight.
  refuse(frame, reason) {
    const id = frame.client_message_id ?? this.#inFlight;
    if (!id || !this.#outbox.entries().some((entry) => entry.id === id)) return false;
    if (this.#inFlight === id) this.#release();
    if (frame.retry) this.#hold(frame.retry_after);
    else this.#giveUp(id, reason);
    return true;
  }

  #giveUp(id, reason) {
    this.#outbox.fail(id, reason);
    this.flush();
  }

  #hold(seconds) {
    this.#held = true;
    const pause = seconds > 0 ? seconds * 1000 : 500 + backoff(this.#attempts);
    this.#attempts += 1;
    this.#timer = setTimeout(() => {
      this.#held = false;
      this.flush();
      this.#changed();
    }, pause);
  }

  #expire() {
    this.#release();
    this.#stalled();
    this.flush();
  }

  #release() {
    clearTimeout(this.#timer);
    this.#inFlight = null;
  }
}
