// Suggestions while somebody types into a search box of the help centre: a combobox with a list of links
// (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/). Without this script the box is a plain form.

const PAUSE_MS = 200;
const SHORTEST = 2;
const WAIT_MS = 5000;

for (const form of document.querySelectorAll("form[data-suggest]")) help(form);

function help(form) {
  const input = form.elements.namedItem("q");
  const { list, status } = build(form, input);
  let timer = 0;
  let asking = null;
  let chosen = -1;

  input.addEventListener("input", (event) => !event.isComposing && later());
  // An input method has only now settled on its words.
  input.addEventListener("compositionend", later);
  input.addEventListener("keydown", onKey);
  input.addEventListener("focus", () => list.childElementCount && input.value.trim().length >= SHORTEST && open());
  form.addEventListener("focusout", (event) => !form.contains(event.relatedTarget) && close());
  form.addEventListener("submit", close);

  function later() {
    clearTimeout(timer);
    asking?.abort();
    if (input.value.trim().length < SHORTEST) return clear();
    timer = setTimeout(ask, PAUSE_MS);
  }

  async function ask() {
    const typed = input.value.trim();
    asking = new AbortController();
    const stop = setTimeout(() => asking.abort(), WAIT_MS);
    try {
      const address = new URL(form.dataset.suggest, location.href);
      address.searchParams.set("q", typed);
      const response = await fetch(address, { signal: asking.signal });
      if (response.ok && typed === input.value.trim()) show(typed, (await response.json()).items);
    } catch {
      // Too slow or not there: the form still works.
    } finally {
      clearTimeout(stop);
    }
  }

  function show(typed, items) {
    if (document.activeElement !== input) return;
    if (!items.length) return clear();
    list.replaceChildren(...items.map((item, place) => option(item.question, item.url, typed, `suggestion-${place}`)));
    status.textContent = form.dataset.count.replace("%d", items.length);
    open();
  }

  function open() {
    choose(-1);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  function close() {
    clearTimeout(timer);
    asking?.abort();
    choose(-1);
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
  }

  function clear() {
    close();
    list.replaceChildren();
    status.textContent = "";
  }

  function choose(place) {
    const options = [...list.children];
    chosen = place;
    options.forEach((one, index) => one.setAttribute("aria-selected", String(index === place)));
    if (place < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", options[place].id);
      options[place].scrollIntoView({ block: "nearest" });
    }
  }

  function onKey(event) {
    if (event.isComposing || event.keyCode === 229) return;
    const count = list.hidden ? 0 : list.childElementCount;
    if (event.key === "Escape" && count) {
      event.preventDefault();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && list.childElementCount) {
      event.preventDefault();
      if (!count) return open();
      // One place beyond the ends is the box itself.
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(((chosen + 1 + step + count + 1) % (count + 1)) - 1);
    } else if (event.key === "Enter" && chosen >= 0 && count) {
      event.preventDefault();
      list.children[chosen].click();
    }
  }
}

function build(form, input) {
  const list = document.createElement("div");
  list.id = "suggestions";
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.dataset.label);
  const status = document.createElement("p");
  status.className = "aside";
  status.setAttribute("role", "status");
  input.closest(".field").append(list, status);
  const combobox = { role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" };
  for (const [name, value] of Object.entries(combobox)) input.setAttribute(name, value);
  return { list, status };
}

// A link that never has the focus: the box keeps it, and says which option is meant.
function option(question, url, typed, id) {
  const link = document.createElement("a");
  link.id = id;
  link.setAttribute("role", "option");
  link.tabIndex = -1;
  link.href = url;
  link.append(...marked(question, typed));
  link.addEventListener("pointerdown", (event) => event.preventDefault());
  return link;
}

// What was typed stands out where the question has the same words.
function marked(question, typed) {
  const place = question.toLowerCase().indexOf(typed.toLowerCase());
  if (place < 0) return [question];
  const strong = document.createElement("strong");
  strong.textContent = question.slice(place, place + typed.length);
  return [question.slice(0, place), strong, question.slice(place + typed.length)];
}
