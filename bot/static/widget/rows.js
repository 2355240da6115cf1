// What the log shows, as plain rows: date separators and messages grouped by speaker and minute.

import { sameDay } from "./time.js";

// stored: messages of the protocol, in order. waiting: outbox entries that become messages.
// Rows are {key, kind: "date", at} and {key, kind: "message", message, first, last, buttons, form}.
export function layRows(stored, waiting) {
  const messages = [...stored.map(fromServer), ...waiting.map(fromOutbox)];
  const offering = offeringMessage(messages);
  const rows = [];
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    const after = messages[index + 1];
    if (!before || !sameDay(before.at, message.at)) {
      rows.push({ key: `date-${new Date(message.at).toDateString()}-${message.key}`, kind: "date", at: message.at });
    }
    rows.push({
      key: message.key,
      kind: "message",
      message,
      first: !before || !together(before, message),
      last: !after || !together(message, after),
      open: message === offering,
      chosen: chosenAction(messages, index),
    });
  });
  return rows;
}

function fromServer(message) {
  return {
    ...message,
    at: Date.parse(message.at),
    actions: message.actions ?? [],
    key: message.client_message_id ?? `number-${message.number}`,
    delivery: message.author === "contact" ? "sent" : null,
  };
}

function fromOutbox(entry) {
  return {
    author: "contact",
    text: entry.frame.text ?? entry.label,
    at: entry.at,
    action: entry.frame.action,
    attachments: entry.files,
    actions: [],
    key: entry.id,
    delivery: entry.failed === undefined ? "waiting" : "failed",
    reason: entry.failed,
  };
}

// Actions are offered until the visitor's next message.
function offeringMessage(messages) {
  for (const message of [...messages].reverse()) {
    if (message.author === "contact" && message.delivery !== "failed") return null;
    if (message.actions.length) return message;
  }
  return null;
}

// The id of the action that the visitor's next message chose, if it did.
function chosenAction(messages, index) {
  const actions = messages[index].actions;
  if (!actions.length) return null;
  const next = messages.slice(index + 1).find((message) => message.author === "contact");
  return actions.some((action) => action.id === next?.action) ? next.action : null;
}

function together(one, other) {
  return (
    one.author === other.author &&
    one.name === other.name &&
    Math.floor(one.at / 60_000) === Math.floor(other.at / 60_000)
  );
}
