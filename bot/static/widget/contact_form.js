// Asks for one phone number or mail address, under the message that wants it. The chat beside it stays usable.

import { element, set, write } from "./dom.js";
import { newId } from "./ids.js";

export function makeContactForm({ say, chat, number }) {
  const id = `contact-${newId()}`;
  const input = element("input", {
    id, type: "text", autocomplete: "email", autocapitalize: "off", spellcheck: "false", maxlength: "254", enterkeyhint: "send",
  });
  const error = element("p", { class: "error", id: `${id}-error`, role: "alert" });
  const submit = element("button", { type: "submit", class: "primary" }, say("contact_submit"));
  const refuse = element("button", { type: "button", class: "plain", onclick: () => chat.refuseContact() }, say("contact_refuse"));
  const fields = element("div", { class: "fields" },
    element("label", { for: id }, say("contact_label")),
    element("div", { class: "row" }, input, submit),
    error,
    element("div", { class: "row below" }, element("span", { class: "why" }, say("contact_why")), refuse));
  const outcome = element("p", { class: "outcome", role: "status" });
  const node = element("form", { class: "contact-form", novalidate: true, "aria-label": say("contact_form") }, fields, outcome);

  node.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = input.value.trim();
    if (value) chat.leaveContact(value);
    else show(say("contact_empty"));
    if (!value) input.focus();
  });
  input.addEventListener("input", () => {
    chat.contactError = null;
    show(null);
  });

  function show(sentence) {
    write(error, sentence ?? "");
    set(input, "aria-invalid", sentence ? "true" : null);
    set(input, "aria-describedby", sentence ? error.id : null);
  }

  function update(form) {
    node.hidden = form?.number !== number;
    if (node.hidden) return;
    const done = form.phase === "saved" || form.phase === "refused";
    const waiting = form.phase === "waiting";
    outcome.hidden = !done;
    if (done) fields.remove();
    if (done) write(outcome, say(form.phase === "saved" ? "contact_saved" : "contact_refused"));
    input.disabled = submit.disabled = refuse.disabled = waiting;
    write(submit, say(waiting ? "contact_sending" : "contact_submit"));
    if (waiting) show(chat.ready ? null : say("contact_unsent"));
    else if (chat.contactError) show(chat.contactError);
    else if (error.textContent === say("contact_unsent")) show(null);
  }

  return { node, update };
}
