// Related entries: searched, chosen, taken away; the form's own field holds their ids, one a line.
import { say } from "./words.js";

const WAIT_MS = 250;

export function startPicks(form, changed) {
  const field = form.elements.namedItem("related");
  const list = document.getElementById("picks");
  const input = document.getElementById("pick");
  const options = document.getElementById("pick-list");
  const names = new Map([...list.children].map((one) => [one.dataset.id, one.textContent.trim()]));
  let timer = null;
  let newest = 0;

  const ids = () => field.value.split("\n").map((one) => one.trim()).filter(Boolean);

  function set(chosen) {
    field.value = chosen.join("\n");
    show();
    changed({ target: field });
  }

  function show() {
    list.replaceChildren(...ids().map((id) => {
      const item = document.createElement("li");
      const name = document.createElement("bdi");
      name.textContent = names.get(id) ?? id;
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", say("remove", { name: name.textContent }));
      remove.addEventListener("click", () => { set(ids().filter((one) => one !== id)); input.focus(); });
      item.append(name, remove);
      return item;
    }));
  }

  function close() {
    options.hidden = true;
    options.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(option) {
    names.set(option.dataset.id, option.dataset.question);
    set([...new Set([...ids(), option.dataset.id])]);
    input.value = "";
    close();
  }

  function offer(found) {
    const others = found.filter((one) => one.id !== form.dataset.entry && !ids().includes(one.id));
    options.replaceChildren(...others.map((one, place) => {
      const option = document.createElement("li");
      option.id = `pick-${place}`;
      option.role = "option";
      option.dataset.id = one.id;
      option.dataset.question = one.question;
      option.textContent = one.question;
      if (one.category) {
        const category = document.createElement("span");
        category.className = "quiet small";
        category.textContent = one.category;
        option.append(category);
      }
      option.addEventListener("mousedown", (event) => { event.preventDefault(); choose(option); });
      return option;
    }));
    if (others.length === 0) {
      const none = document.createElement("li");
      none.className = "quiet";
      none.textContent = say("pick_none");
      options.append(none);
    }
    options.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  async function search() {
    const mine = ++newest;
    if (!input.value.trim()) return close();
    try {
      const query = new URLSearchParams({ q: input.value });
      const response = await fetch(`/console/knowledge/find?${query}`, { headers: { "X-Fetch": "1" } });
      if (response.ok && mine === newest) offer((await response.json()).entries);
    } catch { /* the next key tries again */ }
  }

  function mark(step) {
    const all = [...options.querySelectorAll("[role=option]")];
    if (all.length === 0) return;
    const at = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
    for (const one of all) one.removeAttribute("aria-selected");
    const next = all[(at + step + all.length) % all.length];
    next.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", next.id);
  }

  input.addEventListener("input", (event) => {
    event.stopPropagation();
    clearTimeout(timer);
    timer = setTimeout(search, WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const marked = options.querySelector("[aria-selected=true]") ?? options.querySelector("[role=option]");
      if (marked) choose(marked);
    } else if (event.key === "Escape") {
      close();
    }
  });
  input.addEventListener("blur", close);
  document.addEventListener("picks", show);
  show();
}
