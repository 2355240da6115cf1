// Where the visitor writes. Enter sends, Shift+Enter breaks the line, and an input method's Enter only chooses words.

import { element, icon, set, write } from "./dom.js";
import { makeSuggestions } from "./suggestions.js";
import { makeTray } from "./tray.js";

const LINES = 5;
const NEAR_LIMIT = 0.9;
const DRAFT = "draft";

export function makeComposer({ say, chat, drafts, server, suggests }) {
  const input = element("textarea", {
    rows: "1", "aria-label": say("composer"), enterkeyhint: "send", autocomplete: "off", dir: "auto",
  });
  const counter = element("span", { class: "counter", id: "counter", role: "status" });
  const human = element("button", { type: "button", class: "human", onclick: askForPerson }, icon("person"), element("span"));
  const send = element("button", { type: "button", class: "send", "aria-label": say("send"), title: say("send"), onclick: submit }, icon("send"));
  const tray = makeTray({ say, chat, server, changed: () => refresh() });
  const box = element("div", { class: "box" }, input, element("div", { class: "tools" }, human, tray.attach, counter, send));
  const suggestions = suggests ? makeSuggestions({ say, chat, input, choose: ask }) : null;
  const node = element("div", { class: "composer" }, suggestions?.node, suggestions?.hint, tray.node, box);
  input.value = drafts.get(DRAFT) ?? "";

  input.addEventListener("input", () => {
    drafts.set(DRAFT, input.value);
    if (input.value.trim()) chat.reportTyping();
    refresh();
  });
  input.addEventListener("keydown", (event) => {
    // 229 is what browsers report while an input method is at work and isComposing is not (yet, or any more) true.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });
  box.addEventListener("pointerdown", (event) => {
    if (event.target !== box && !event.target.classList.contains("tools")) return;
    event.preventDefault();
    input.focus();
  });

  input.addEventListener("paste", (event) => tray.take(event, event.clipboardData));

  node.addEventListener("focusout", (event) => {
    if (!node.contains(event.relatedTarget)) suggestions?.hide();
  });

  function submit() {
    const text = cleaned(input.value);
    const files = tray.ready();
    if (files && (text || files.length) && over() <= 0) ask(text, files);
  }

  // A suggestion that is chosen goes alone; files stay for the next message.
  function ask(text, files = []) {
    suggestions?.begin();
    fill("");
    chat.write(text, files);
    if (files.length) tray.clear();
    input.focus({ preventScroll: true });
  }

  function askForPerson() {
    chat.press("human", say("human"));
    // The button is disabled now; with a finger, focusing the input would bring up the keyboard unasked.
    if (matchMedia("(pointer: fine)").matches) input.focus({ preventScroll: true });
  }

  function fill(text) {
    input.value = text;
    drafts.set(DRAFT, text);
    refresh();
  }

  function over() {
    return [...cleaned(input.value)].length - chat.conversation.limits.message_chars;
  }

  function refresh() {
    const limit = chat.conversation.limits.message_chars;
    const count = over() + limit;
    const files = tray.ready();
    send.disabled = !files || (count === 0 && !files.length) || count > limit;
    write(counter, words(count, limit));
    counter.classList.toggle("over", count > limit);
    set(input, "aria-invalid", count > limit ? "true" : null);
    set(input, "aria-describedby", count > limit * NEAR_LIMIT ? "counter" : null);
    grow();
  }

  function words(count, limit) {
    if (count > limit) return say("too_long", { over: count - limit });
    return count > limit * NEAR_LIMIT ? say("counter", { count, limit }) : "";
  }

  function grow() {
    input.style.height = "auto";
    const style = getComputedStyle(input);
    const most = parseFloat(style.lineHeight) * LINES + parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
    input.style.height = `${Math.min(input.scrollHeight, most)}px`;
    input.style.overflowY = input.scrollHeight > most ? "auto" : "hidden";
  }

  function render() {
    const { mode } = chat.conversation.state;
    const asked = mode === "waiting" || chat.waiting.some((entry) => entry.frame.action === "human");
    human.hidden = mode === "agent";
    human.disabled = asked;
    write(human.lastChild, say(asked ? "human_waiting" : "human"));
    set(input, "placeholder", say(mode === "bot" ? "placeholder" : "placeholder_person"));
    refresh();
    suggestions?.render();
  }

  return { node, input, render, fill, take: tray.take };
}

// What the server would refuse anyway: NUL, halves of a surrogate pair, and a message of nothing but blanks.
function cleaned(text) {
  const whole = text.replace(/\0/g, "").replace(/\p{Surrogate}/gu, "\ufffd").trim();
  return /[^\s\p{Cf}]/u.test(whole) ? whole : "";
}
