// The messages the page knows. Numbers run 1, 2, 3 … without gaps: what comes early is held back until the gap
// before it is filled, and what comes twice is the same message.

const FRESH_STATE = { mode: "bot" };

export class Conversation {
  #messages = [];
  #held = new Map();
  #newest = 0;
  state = FRESH_STATE;
  limits = { message_chars: 2000 };

  get messages() {
    return this.#messages;
  }

  // The last number up to which nothing is missing.
  get last() {
    return this.#messages.length;
  }

  // Whether the server has messages that the page has not.
  get behind() {
    return this.#newest > this.last;
  }

  get gap() {
    return this.#held.size > 0;
  }

  // A server restored from a backup knows fewer messages than the page: then the page starts over.
  welcome(frame) {
    if (frame.last < this.last) this.clear();
    this.#newest = Math.max(this.last, frame.last);
    this.state = frame.state ?? FRESH_STATE;
    this.limits = { ...this.limits, ...frame.limits };
  }

  clear() {
    this.#messages = [];
    this.#held.clear();
    this.#newest = 0;
    this.state = FRESH_STATE;
  }

  // The items that were new, in order.
  accept(items, last = 0) {
    for (const item of items) if (item.number > this.last) this.#held.set(item.number, item);
    this.#newest = Math.max(this.#newest, last, ...this.#held.keys());
    return this.#advance();
  }

  #advance() {
    const before = this.last;
    let next;
    while ((next = this.#held.get(this.last + 1))) {
      this.#held.delete(next.number);
      this.#messages.push(next);
    }
    return this.#messages.slice(before);
  }
}
