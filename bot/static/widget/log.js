// The conversation on screen. Nodes are kept by key and only changed where something changed, so that a screen
// reader announces each message once and nothing a visitor is reading or filling in is replaced.

import { makeAttachments } from "./attachments.js";
import { makeBlocks } from "./blocks.js";
import { makeContactForm } from "./contact_form.js";
import { element, icon, set, write } from "./dom.js";
import { findLinks } from "./links.js";
import { clockTime, dayWords } from "./time.js";

const NEAR_END = 60;
const TICKET_NUMBER = /\b(\d{4}-\d{4,9})\b/;

export function makeLog({ say, language, chat, server, editAgain }) {
  const list = element("div", { class: "list" });
  const welcome = makeWelcome(say);
  const skeleton = element("div", { class: "skeleton", "aria-hidden": "true" });
  for (const side of ["left", "left", "right", "left"]) skeleton.append(element("span", { class: side }));
  const typing = makeTyping(say);
  const log = element("div", { class: "log", role: "log", "aria-label": say("log"), "aria-live": "off", tabindex: "0" },
    welcome, list);
  const scroller = element("div", { class: "scroller" }, skeleton, log, typing.node);
  const jump = element("button", { class: "jump", type: "button", hidden: true, onclick: toEnd }, say("new_messages"), icon("down"));
  const views = new Map();
  let atEnd = true;
  let newest = null;

  scroller.addEventListener("scroll", () => {
    lookWhere();
    if (atEnd) jump.hidden = true;
  });
  new ResizeObserver(() => atEnd && toEnd()).observe(scroller);

  function lookWhere() {
    atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
  }

  function toEnd() {
    atEnd = true;
    scroller.scrollTop = scroller.scrollHeight;
    jump.hidden = true;
  }

  function render(rows, now) {
    // The scroll event of a moment ago may not have come yet.
    lookWhere();
    const loading = chat.known && !chat.loaded && !rows.length;
    skeleton.hidden = !loading;
    welcome.hidden = loading;
    // History is not news: only what comes after it is announced.
    const live = log.getAttribute("aria-live") === "polite";
    place(rows, now);
    typing.update(chat.typing);
    if (!live && chat.loaded) requestAnimationFrame(() => set(log, "aria-live", "polite"));
    follow(rows.at(-1));
  }

  function place(rows, now) {
    let cursor = list.firstChild;
    const keys = new Set();
    for (const row of rows) {
      keys.add(row.key);
      if (!views.has(row.key)) views.set(row.key, row.kind === "date" ? makeDate() : makeMessage(row.message));
      const view = views.get(row.key);
      view.update(row, now);
      if (view.node === cursor) cursor = cursor.nextSibling;
      else list.insertBefore(view.node, cursor);
    }
    for (const [key, view] of views) {
      if (keys.has(key)) continue;
      view.node.remove();
      views.delete(key);
    }
  }

  // Stays at the end unless the visitor scrolled up to read; an answer longer than the window starts at its top.
  function follow(last) {
    const added = last && last.key !== newest;
    const own = last?.message?.author === "contact";
    const first = newest === null;
    newest = last?.key ?? null;
    if (added && !own && !atEnd && !first) {
      jump.hidden = false;
      return;
    }
    if (!atEnd && !(added && own)) return;
    const node = last && views.get(last.key).node;
    if (added && !own && node.offsetHeight > scroller.clientHeight) scroller.scrollTop = node.offsetTop - 12;
    else toEnd();
  }

  function makeDate() {
    const words = element("span");
    const node = element("div", { class: "date", role: "separator" }, words);
    return { node, update: (row, now) => write(words, dayWords(row.at, now, language, say)) };
  }

  function makeMessage(message) {
    const own = message.author === "contact";
    const who = makeWho(message, own);
    const text = message.blocks
      ? element("div", { class: "text blocks", dir: "auto" }, ...makeBlocks(message.blocks, server))
      : element("div", { class: "text", dir: "auto" }, ...textNodes(message.text));
    const files = message.attachments?.length ? makeAttachments(message.attachments, say) : null;
    const buttons = message.actions.length ? makeButtons(message) : null;
    const form = message.form === "contact" ? makeContactForm({ say, chat, number: message.number }) : null;
    const delivery = own ? makeDelivery(message) : null;
    const node = element("div", { class: `message ${message.author} kind-${message.kind ?? "text"}` },
      who.node, message.text || !files ? text : null, files, buttons?.node, form?.node, delivery?.node);
    return {
      node,
      update(row, now) {
        node.classList.toggle("first", row.first);
        node.classList.toggle("last", row.last);
        who.update(row, now);
        buttons?.update(row);
        form?.update(chat.form);
        delivery?.update(row, now);
      },
    };
  }

  // The speaker's name and time stand above the first message of a group; each message has them for screen readers.
  function makeWho(message, own) {
    if (own) return { node: element("span", { class: "aside" }, say("speaker_contact")), update() {} };
    const agent = message.author === "agent";
    const name = agent ? message.name || say("speaker_agent") : say("speaker_bot");
    const face = element("span", { class: "face", "aria-hidden": "true" }, agent ? [...name][0] : icon("robot"));
    const time = element("time");
    const node = element("div", { class: "who" }, face, element("bdi", { class: "name" }, name),
      agent && element("span", { class: "mark" }, say("mark_agent")), time);
    return { node, update: (row, now) => writeTime(time, row.message.at, now) };
  }

  function writeTime(time, at, now) {
    write(time, clockTime(at, language));
    set(time, "datetime", new Date(at).toISOString());
    set(time, "title", `${dayWords(at, now, language, say)} ${clockTime(at, language)}`);
  }

  function makeButtons(message) {
    const node = element("div", { class: "buttons", role: "group", "aria-label": say("actions") });
    const made = message.actions.map((action) => {
      const choose = () => chat.press(action.id, action.label, message.number);
      const button = element("button", { type: "button", class: "action", onclick: choose }, icon("check"),
        element("span", { dir: "auto" }, action.label));
      node.append(button);
      return [action, button];
    });
    return {
      node,
      update(row) {
        node.classList.toggle("used", !row.open);
        for (const [action, button] of made) {
          const chosen = row.chosen === action.id;
          // A disabled button drops the focus to the page; it goes to the log instead.
          if (!row.open && button.matches(":focus")) log.focus({ preventScroll: true });
          button.disabled = !row.open;
          button.classList.toggle("chosen", chosen);
          set(button, "aria-label", chosen ? `${action.label} (${say("chosen")})` : null);
        }
      },
    };
  }

  function makeDelivery(message) {
    const time = element("time");
    const words = element("span", { class: "words" });
    const edit = element("button", { type: "button", onclick: () => editAgain(chat.takeBack(message.key)) }, say("edit"));
    const discard = element("button", { type: "button", onclick: () => chat.takeBack(message.key) }, say("discard"));
    const repair = element("span", { class: "repair" }, edit, discard);
    const node = element("div", { class: "delivery" }, icon("alert"), words, repair, time);
    return {
      node,
      update(row, now) {
        const phase = deliveryPhase(row.message.delivery);
        set(node, "data-phase", phase);
        const reason = row.message.reason;
        write(words, reason ? say("failed_because", { reason }) : say(phase));
        repair.hidden = phase !== "failed";
        writeTime(time, row.message.at, now);
      },
    };
  }

  function deliveryPhase(delivery) {
    if (delivery !== "waiting") return delivery;
    if (!chat.ready) return chat.connection.status === "connecting" ? "sending" : "unsent";
    return chat.delivery.held ? "retrying" : "sending";
  }

  return { node: element("div", { class: "conversation" }, scroller, jump), render, toEnd };
}

function makeWelcome(say) {
  return element("div", { class: "welcome" },
    element("div", { class: "face", "aria-hidden": "true" }, icon("robot")),
    element("p", { class: "heading" }, say("welcome_heading")),
    element("p", {}, say("welcome")));
}

function makeTyping(say) {
  const words = element("span", { class: "aside" });
  const dots = element("span", { class: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
  const node = element("div", { class: "typing", hidden: true }, dots, words);
  return {
    node,
    update(typing) {
      node.hidden = !typing;
      if (!typing) return;
      const key = typing.author === "bot" ? "typing_bot" : typing.name ? "typing_agent" : "typing_agent_plain";
      write(words, say(key, { name: typing.name }));
    },
  };
}

function textNodes(text) {
  return findLinks(text).flatMap((piece) => {
    if (!piece.href) return wholeNumbers(piece.text);
    const outside = piece.href.startsWith("http") && { target: "_blank", rel: "noopener noreferrer nofollow" };
    return element("a", { href: piece.href, dir: "ltr", ...outside }, piece.text);
  });
}

// Browsers break a line after the hyphen of a ticket's number, which is then hard to read out.
function wholeNumbers(text) {
  return text.split(TICKET_NUMBER).map((part, at) => (at % 2 ? element("span", { class: "whole" }, part) : part));
}
