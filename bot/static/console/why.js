// 「为什么」 under what the bot said: fetches how the question was matched, and shows or hides it.
import { fetchPart } from "./server.js";

async function show(link) {
  link.setAttribute("aria-busy", "true");
  const part = await fetchPart(link.getAttribute("href"));
  link.removeAttribute("aria-busy");
  if (!part || link.getAttribute("aria-expanded") === "true") return;
  link.closest(".why").after(part);
  link.setAttribute("aria-expanded", "true");
}

function hide(link) {
  link.closest(".why").nextElementSibling.remove();
  link.setAttribute("aria-expanded", "false");
}

export function startWhy() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-why]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.getAttribute("aria-busy")) return;
    if (link.getAttribute("aria-expanded") === "true") hide(link);
    else show(link);
  });
}
