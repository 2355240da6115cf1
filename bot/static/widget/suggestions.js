// Questions of the help centre that fit what is being written, above the composer. Choosing one sends it. The list
// lies over the conversation, so nothing moves when it comes or goes.

import { element, write } from "./dom.js";

const PAUSE_MS = 300;
const SHORTEST = 3;
const LONGEST = 60;

// input: the composer's textarea; choose(question) sends it.
export function makeSuggestions({ say, chat, input, choose }) {
  const list = element("div", { class: "suggested", role: "group", "aria-label": say("suggestions") });
  const hint = element("span", { class: "aside", role: "status" });
  const node = element("div", { class: "suggestions", hidden: true }, list);
  let timer = 0;
  let shown = null;
  // After Esc the visitor is left alone until the next message is begun.
  let dismissed = false;

  input.addEventListener("input", (event) => !event.isComposing && later());
  // An input method has only now settled on its words.
  input.addEventListener("compositionstart", () => clearTimeout(timer));
  input.addEventListener("compositionend", later);
  input.addEventListener("keydown", fromInput);
  list.addEventListener("keydown", insideList);

  function wanted() {
    const text = input.value.trim();
    const length = [...text].length;
    const fits = length >= SHORTEST && length <= LONGEST && !text.includes("\n");
    return fits && !dismissed && chat.ready && chat.conversation.state.mode === "bot" ? text : null;
  }

  function later() {
    clearTimeout(timer);
    if (!input.value) return begin();
    const text = wanted();
    if (text === null) hide();
    else timer = setTimeout(() => wanted() === text && chat.suggest(text), PAUSE_MS);
  }

  function render() {
    const found = chat.suggestions;
    if (!found || found === shown) return;
    shown = found;
    // Nothing moves under somebody who is choosing.
    if (list.contains(list.getRootNode().activeElement)) return;
    // What was asked for a moment ago may no longer be what is written.
    if (found.text !== wanted() || !found.items.length) return hide();
    const fresh = found.items.map((item) => element("button", {
      type: "button", class: "suggestion", dir: "auto", tabindex: "-1", onclick: () => take(item.question),
    }, item.question));
    list.replaceChildren(...fresh);
    node.hidden = false;
    write(hint, say("suggestions_hint", { count: fresh.length }));
  }

  function take(question) {
    hide();
    choose(question);
  }

  function hide() {
    clearTimeout(timer);
    node.hidden = true;
    write(hint, "");
  }

  // The next message begins.
  function begin() {
    dismissed = false;
    hide();
  }

  function fromInput(event) {
    if (node.hidden || event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") dismiss(event);
    else if (event.key === "ArrowUp" && !input.value.slice(0, input.selectionStart).includes("\n")) {
      event.preventDefault();
      list.lastChild.focus();
    }
  }

  function insideList(event) {
    const place = [...list.children].indexOf(event.target);
    if (event.key === "Escape") dismiss(event);
    else if (event.key === "ArrowUp" && place > 0) step(event, list.children[place - 1]);
    else if (event.key === "ArrowDown" || event.key === "Tab") step(event, list.children[place + 1] ?? input);
  }

  function step(event, target) {
    event.preventDefault();
    target.focus();
  }

  // Closes the list and not the panel around it.
  function dismiss(event) {
    event.preventDefault();
    event.stopPropagation();
    dismissed = true;
    hide();
    input.focus({ preventScroll: true });
  }

  return { node, hint, render, hide, begin };
}
