// The bubble, the panel and everything that opens, closes, focuses and fits them.

import { makeComposer } from "./composer.js";
import { element, icon, set, write } from "./dom.js";
import { makeLog } from "./log.js";
import { layRows } from "./rows.js";

const PHONE = "(max-width: 520px), (max-height: 520px) and (pointer: coarse)";
const MOST_UNREAD = 99;
const MINUTE_MS = 60_000;

export function makePanel({ say, language, title, chat, drafts, server, suggests }) {
  const badge = element("span", { class: "badge", hidden: true, "aria-hidden": "true" });
  const bubble = element("button", { class: "bubble", type: "button", "aria-expanded": "false", onclick: toggle },
    icon("chat"), icon("down"), badge);
  const heading = element("bdi", {}, title || say("title"));
  const state = element("span", { class: "state-words" });
  const closer = element("button", { class: "closer", type: "button", "aria-label": say("close"), title: say("close"), onclick: close },
    icon("down"));
  const notice = makeNotice({ say, chat });
  const composer = makeComposer({ say, chat, drafts, server, suggests });
  const log = makeLog({ say, language, chat, server, editAgain });
  const phone = matchMedia(PHONE);
  const panel = element("section", { class: "panel", role: "dialog", tabindex: "-1", hidden: true },
    element("header", {},
      element("div", { class: "titles" },
        element("h2", { id: "title" }, heading),
        element("p", { class: "state", role: "status" }, element("i", { "aria-hidden": "true" }), state)),
      closer),
    log.node, notice.node, composer.node);
  const node = element("div", { class: "root", lang: language, dir: "ltr" }, panel, bubble);
  let pageOverflow = null;

  set(panel, "aria-labelledby", "title");
  panel.addEventListener("keydown", onKey);
  panel.addEventListener("drop", (event) => composer.take(event, event.dataTransfer));
  panel.addEventListener("dragover", (event) => {
    const files = [...event.dataTransfer.items].some((item) => item.kind === "file");
    if (files) event.preventDefault();
    composer.node.classList.toggle("dropping", files);
  });
  for (const over of ["drop", "dragleave"]) panel.addEventListener(over, () => composer.node.classList.remove("dropping"));
  // Shortcuts of the page around us must not react to what is typed here.
  for (const type of ["keydown", "keypress", "keyup"]) node.addEventListener(type, (event) => event.stopPropagation());
  phone.addEventListener("change", fit);
  visualViewport?.addEventListener("resize", fit);
  visualViewport?.addEventListener("scroll", fit);
  document.addEventListener("visibilitychange", render);
  // Times and day names grow old.
  setInterval(() => !panel.hidden && render(), MINUTE_MS);

  function toggle() {
    if (panel.hidden) open();
    else close();
  }

  function open() {
    if (!panel.hidden) return;
    panel.hidden = false;
    chat.connect();
    fit();
    render();
    log.toEnd();
    // On a phone the keyboard would cover the conversation before it was read.
    (phone.matches ? panel : composer.input).focus({ preventScroll: true });
  }

  function close() {
    if (panel.hidden) return;
    panel.hidden = true;
    fit();
    render();
    bubble.focus({ preventScroll: true });
  }

  function onKey(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") close();
    else if (event.key === "Tab" && phone.matches) keepInside(event);
  }

  // Full screen the panel is a modal dialog: Tab goes round inside it.
  function keepInside(event) {
    const stops = [...panel.querySelectorAll("button, a[href], input, textarea, [tabindex='0']")];
    const reachable = stops.filter((stop) => !stop.disabled && stop.getClientRects().length);
    const [first, last] = [reachable[0], reachable.at(-1)];
    const current = node.getRootNode().activeElement;
    if (event.shiftKey && (current === first || current === panel)) move(event, last);
    else if (!event.shiftKey && current === last) move(event, first);
  }

  function move(event, target) {
    event.preventDefault();
    target.focus();
  }

  // On a phone the panel fills what the on-screen keyboard leaves.
  function fit() {
    const full = phone.matches && !panel.hidden;
    node.classList.toggle("full", full);
    set(panel, "aria-modal", full ? "true" : null);
    if (visualViewport) {
      node.style.setProperty("--visible-top", `${visualViewport.offsetTop}px`);
      node.style.setProperty("--visible-height", `${visualViewport.height}px`);
    }
    holdPage(full);
  }

  // The page behind must not scroll away under a finger.
  function holdPage(hold) {
    const style = document.documentElement.style;
    if (hold && pageOverflow === null) {
      pageOverflow = style.overflow;
      style.overflow = "hidden";
    } else if (!hold && pageOverflow !== null) {
      style.overflow = pageOverflow;
      pageOverflow = null;
    }
  }

  function editAgain(text) {
    composer.fill(composer.input.value ? `${composer.input.value}\n${text}` : text);
    composer.input.focus();
  }

  function render() {
    const shown = !panel.hidden && document.visibilityState === "visible";
    if (shown && chat.loaded) chat.markSeen();
    renderState();
    renderBubble();
    if (panel.hidden) return;
    // First the log, which stays at its end when what is below it grows.
    log.render(layRows(chat.conversation.messages, chat.waiting), Date.now());
    notice.render();
    composer.render();
  }

  function renderState() {
    const [tone, words] = stateWords(chat, say);
    set(panel, "data-tone", tone);
    write(state, words);
    set(state, "title", words);
  }

  function renderBubble() {
    const count = panel.hidden ? chat.unread : 0;
    badge.hidden = !count;
    write(badge, count > MOST_UNREAD ? `${MOST_UNREAD}+` : String(count));
    set(bubble, "aria-expanded", String(!panel.hidden));
    const label = panel.hidden ? (count ? say("open_unread", { count }) : say("open")) : say("close");
    set(bubble, "aria-label", label);
  }

  return { node, render, open, close };
}

// [tone, words] of the line under the title; the connection comes before who is speaking.
function stateWords(chat, say) {
  const { status } = chat.connection;
  if (status !== "ready" && navigator.onLine === false) return ["broken", say("state_offline")];
  if (status === "broken") return ["broken", say("state_broken")];
  if (status === "refused") return ["broken", say("state_refused")];
  if (status !== "ready") return ["connecting", say("state_connecting")];
  const { mode, agent_name: name, ticket } = chat.conversation.state;
  if (mode === "agent") return ["agent", name ? say("state_agent", { name }) : say("state_agent_plain")];
  if (mode === "waiting") return ["waiting", ticket ? say("state_waiting", { ticket }) : say("state_waiting_plain")];
  return ["bot", say("state_bot")];
}

// One line above the composer: what is wrong, whether anything is lost, what happens next.
function makeNotice({ say, chat }) {
  const words = element("span");
  const dismiss = element("button", { type: "button", class: "dismiss", onclick: () => chat.dismissNotice() }, say("dismiss"));
  const node = element("div", { class: "notice", role: "status", hidden: true }, icon("alert"), words, dismiss);

  function render() {
    const trouble = connectionTrouble(chat);
    const sentence = trouble ? say(trouble) : chat.notice;
    node.hidden = !sentence;
    dismiss.hidden = Boolean(trouble);
    write(words, chat.connection.status === "refused" && chat.notice ? chat.notice : (sentence ?? ""));
  }

  return { node, render };
}

function connectionTrouble(chat) {
  const { status } = chat.connection;
  if (status === "ready" || status === "connecting" || status === "idle") return null;
  if (status === "refused") return "notice_refused";
  const unsent = chat.outbox.head() ? "_unsent" : "";
  return (navigator.onLine === false ? "notice_offline" : "notice_broken") + unsent;
}
