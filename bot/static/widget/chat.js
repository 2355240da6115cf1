// The chat without its looks: what was said, what is still to be sent, who is speaking, and what changes them.

import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { Delivery } from "./delivery.js";
import { Outbox } from "./outbox.js";

const TYPING_SHOWN_MS = 5000;
const TYPING_SENT_MS = 3000;
const OTHER_TAB_MS = 15_000;
const GAP_MS = 200;
const BEHIND_MS = 3000;

export class Chat {
  #storage;
  #language;
  #explain;
  #changed;
  #token;
  #resumeTimer = 0;
  #resumedAt = 0;
  #typedAt = 0;
  #typingTimer = 0;
  #strayTimer = 0;
  #greeted = [];
  conversation = new Conversation();
  outbox;
  connection;
  delivery;
  // Whether the whole history has been read once.
  loaded = false;
  // {author, name?} of who is typing to the visitor.
  typing = null;
  // The sentence of the last error that was about no message of ours.
  notice = null;
  // The last frame of questions that fit what is being written.
  suggestions = null;
  contactError = null;

  // explain(error frame) -> a sentence; changed() is called after anything here is different.
  constructor({ server, storage, language, explain, changed }) {
    this.#storage = storage;
    this.#language = language;
    this.#explain = explain;
    this.#changed = changed;
    this.#token = storage.get("token");
    this.outbox = new Outbox(storage);
    this.connection = new Connection({
      server,
      hello: () => this.#hello(),
      token: () => this.#token,
      after: () => this.conversation.last,
      probe: () => ({ type: "resume", after: this.conversation.last }),
      received: (frame) => this.#receive(frame),
      changed: (status) => this.#connectionChanged(status),
    });
    this.delivery = new Delivery({
      outbox: this.outbox,
      send: (frame) => this.connection.send(frame),
      stalled: () => this.connection.probe(),
      changed,
    });
    storage.watch((key) => this.#otherTab(key));
  }

  get known() {
    return Boolean(this.#token);
  }

  get ready() {
    return this.connection.status === "ready";
  }

  // Messages for the visitor that were not on screen yet.
  get unread() {
    const seen = Number(this.#storage.get("seen"));
    return this.conversation.messages.filter((one) => one.author !== "contact" && one.number > seen).length;
  }

  // What was sent and not acknowledged, as far as it is a message.
  get waiting() {
    return this.outbox.entries().filter((entry) => entry.frame.type !== "contact");
  }

  // {number, phase: open | waiting | saved | refused} of the newest contact form, or null.
  get form() {
    const offered = this.conversation.messages.filter((message) => message.form === "contact").at(-1);
    if (!offered) return null;
    const [number, outcome] = (this.#storage.get("form") ?? "").split(":");
    if (Number(number) === offered.number) return { number: offered.number, phase: outcome };
    const sent = this.outbox.entries().some((entry) => entry.frame.type === "contact");
    return { number: offered.number, phase: sent ? "waiting" : "open" };
  }

  connect() {
    this.connection.start();
  }

  // files: what the server said of each upload.
  write(text, files = []) {
    const ids = files.map((file) => file.id);
    this.#post({ type: "message", text, ...(ids.length && { attachments: ids }) }, ids.length ? { files } : {});
  }

  // The token that uploads carry, once there is one.
  async visitor() {
    this.connect();
    while (!this.#token || !this.ready) await new Promise((done) => this.#greeted.push(done));
    return this.#token;
  }

  press(action, label, about) {
    this.#post({ type: "press", action, ...(about && { about }) }, { label });
  }

  leaveContact(value) {
    this.contactError = null;
    this.#post({ type: "contact", value }, { form: this.form?.number });
  }

  refuseContact() {
    this.contactError = null;
    this.#post({ type: "contact", refused: true }, { form: this.form?.number });
  }

  // Takes back a message that was refused; its text can be edited again.
  takeBack(id) {
    const entry = this.outbox.remove(id);
    this.#changed();
    return entry?.frame.text ?? entry?.label ?? "";
  }

  // What is written is only looked up; the answer becomes suggestions.
  suggest(text) {
    this.connection.send({ type: "suggest", text });
  }

  reportTyping() {
    if (this.conversation.state.mode === "bot" || Date.now() - this.#typedAt < TYPING_SENT_MS) return;
    this.#typedAt = Date.now();
    this.connection.send({ type: "typing" });
  }

  markSeen() {
    if (this.conversation.last > Number(this.#storage.get("seen"))) {
      this.#storage.set("seen", String(this.conversation.last));
    }
  }

  dismissNotice() {
    this.notice = null;
    this.#changed();
  }

  #post(frame, about) {
    this.outbox.add(frame, about);
    this.notice = null;
    this.connect();
    if (this.ready) this.delivery.flush();
    else this.connection.hurry();
    this.#changed();
  }

  #hello() {
    // Another tab may have become this visitor's first.
    this.#token = this.#storage.get("token");
    const { origin, pathname } = location;
    return {
      type: "hello",
      ...(this.#token && { token: this.#token }),
      after: this.conversation.last,
      // No query and no fragment: pages put personal things there.
      page: { url: (origin + pathname).slice(0, 500), title: document.title.slice(0, 200) },
      language: this.#language,
    };
  }

  #receive(frame) {
    if (frame.type === "welcome") this.#welcome(frame);
    else if (frame.type === "messages") this.#accept(frame.items, frame.last);
    else if (frame.type === "ack") this.#acknowledge(frame);
    else if (frame.type === "state") this.conversation.state = frame;
    else if (frame.type === "typing") this.#showTyping(frame);
    else if (frame.type === "suggestions") this.suggestions = frame;
    else if (frame.type === "error") this.#refuse(frame);
    this.#changed();
  }

  #welcome(frame) {
    const stored = this.#storage.get("token");
    if (!stored || stored === this.#token) {
      this.#token = frame.token;
      this.#storage.set("token", frame.token);
    }
    this.conversation.welcome(frame);
    if (this.#storage.get("seen") === null) this.#storage.set("seen", String(frame.last));
    this.notice = null;
    queueMicrotask(() => this.#letIn());
    this.#catchUp();
  }

  #accept(items, last) {
    const added = this.conversation.accept(items, last);
    for (const message of added) {
      if (message.client_message_id) this.#settle(message.client_message_id);
    }
    if (added.some((message) => message.author !== "contact")) this.#hideTyping();
    this.#catchUp();
  }

  #acknowledge(frame) {
    const entry = this.#settle(frame.client_message_id);
    if (entry && entry.frame.type !== "contact") this.#accept([sentMessage(entry, frame)]);
  }

  // The server has it: the entry leaves the outbox, and a contact form is done.
  #settle(id) {
    const entry = this.delivery.acknowledge(id);
    if (entry?.form) this.#storage.set("form", `${entry.form}:${entry.frame.refused ? "refused" : "saved"}`);
    return entry;
  }

  #refuse(frame) {
    if (frame.code === "bad_token") return this.#forgetVisitor();
    if (this.delivery.refuse(frame, this.#explain(frame))) return this.#returnContact();
    this.notice = this.#explain(frame);
  }

  // A contact that was refused goes back into the form, with the reason.
  #returnContact() {
    const refused = this.outbox.entries().find((one) => one.failed !== undefined && one.frame.type === "contact");
    if (!refused) return;
    this.outbox.remove(refused.id);
    this.contactError = refused.failed;
  }

  #forgetVisitor() {
    this.#token = null;
    for (const key of ["token", "seen", "form"]) this.#storage.remove(key);
    this.conversation.clear();
    if (this.ready) this.connection.restart();
  }

  // Asks for what is missing, at once for a gap, after a pause for what may be on its way.
  #catchUp() {
    clearTimeout(this.#resumeTimer);
    if (!this.conversation.behind) {
      this.loaded = true;
      return;
    }
    const gap = this.conversation.gap && Date.now() - this.#resumedAt > BEHIND_MS;
    this.#resumeTimer = setTimeout(() => {
      this.#resumedAt = Date.now();
      this.connection.send({ type: "resume", after: this.conversation.last });
      this.#catchUp();
    }, gap ? GAP_MS : BEHIND_MS);
  }

  #showTyping(frame) {
    this.typing = frame;
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => {
      this.#hideTyping();
      this.#changed();
    }, TYPING_SHOWN_MS);
  }

  #hideTyping() {
    clearTimeout(this.#typingTimer);
    this.typing = null;
  }

  #letIn() {
    for (const done of this.#greeted.splice(0)) done();
  }

  #connectionChanged(status) {
    if (status === "ready") this.#letIn();
    this.delivery.interrupt();
    if (status !== "ready") this.#hideTyping();
    else if (this.#storage.get("token") !== this.#token) this.connection.restart();
    else this.delivery.flush();
    this.#changed();
  }

  #otherTab(key) {
    const token = this.#storage.get("token");
    if ((key === null || key === "token") && token && token !== this.#token) {
      this.conversation.clear();
      this.loaded = false;
      this.connect();
      if (this.#token) this.connection.restart();
    }
    // Another tab sends what it wrote; if it was closed before, this one does.
    clearTimeout(this.#strayTimer);
    if (this.ready && this.outbox.head()) this.#strayTimer = setTimeout(() => this.delivery.flush(), OTHER_TAB_MS);
    this.#changed();
  }
}

function sentMessage(entry, ack) {
  return {
    number: ack.number,
    author: "contact",
    kind: "text",
    text: entry.frame.text ?? entry.label,
    at: ack.at,
    client_message_id: entry.id,
    action: entry.frame.action,
    attachments: entry.files,
    actions: [],
  };
}
