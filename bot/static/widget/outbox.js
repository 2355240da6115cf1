// What the visitor sent and the server has not acknowledged. One storage key per entry, so that two tabs never
// overwrite each other's. Keyed by server only: a visitor has one conversation per server, and what was not yet
// sent follows the visitor into a new one when a token is no longer accepted.

import { newId } from "./ids.js";

const PREFIX = "out:";

export class Outbox {
  #storage;
  #lastAt = 0;

  constructor(storage) {
    this.#storage = storage;
  }

  // Oldest first. An entry is {id, at, frame, label?, form?, failed?}: label is what a pressed button says, form the
  // number of the message whose form was filled in, failed the sentence that says why it will not be sent.
  entries() {
    const read = (key) => parse(this.#storage.get(key));
    return this.#storage.keys(PREFIX).map(read).filter(Boolean).sort(byTime);
  }

  head() {
    return this.entries().find((entry) => entry.failed === undefined);
  }

  add(frame, about = {}) {
    const id = newId();
    // Strictly rising, so that two messages of the same millisecond keep their order.
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1);
    const entry = { id, at: this.#lastAt, frame: { ...frame, client_message_id: id }, ...about };
    this.#write(entry);
    return entry;
  }

  // The removed entry, or null if it was not there.
  remove(id) {
    const entry = parse(this.#storage.get(PREFIX + id));
    this.#storage.remove(PREFIX + id);
    return entry;
  }

  fail(id, reason) {
    const entry = parse(this.#storage.get(PREFIX + id));
    if (entry) this.#write({ ...entry, failed: reason });
  }

  #write(entry) {
    this.#storage.set(PREFIX + entry.id, JSON.stringify(entry));
  }
}

function byTime(one, other) {
  return one.at - other.at || (one.id < other.id ? -1 : 1);
}

function parse(text) {
  try {
    const entry = JSON.parse(text);
    return entry && typeof entry.id === "string" && entry.frame ? entry : null;
  } catch {
    return null;
  }
}
