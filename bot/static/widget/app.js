// Puts the parts together on one page.

import { Chat } from "./chat.js";
import { accentColours } from "./colour.js";
import { element } from "./dom.js";
import { makePanel } from "./panel.js";
import { openStorage } from "./storage.js";
import { chooseLanguage, loadTexts } from "./texts.js";

const OPENER = "[data-yingsheng-open]";

// options: server, accent, title, position, language, theme, suggestions; what the page wrote on the script element.
export async function start(root, options) {
  const language = chooseLanguage(options.language);
  const [say] = await Promise.all([loadTexts(options.server, language), loadStyle(root, options.server)]);
  const storage = openStorage(`yingsheng:${options.server}:`);
  let panel = null;
  const chat = new Chat({
    server: options.server,
    storage,
    language,
    explain: (error) => error.text || errorWords(error.code, say),
    changed: soon(() => panel.render()),
  });
  panel = makePanel({ say, language, title: options.title, chat, server: options.server, suggests: options.suggestions, drafts: openDrafts(options.server) });
  panel.node.dataset.position = options.position;
  followTheme(panel.node, options);
  root.append(panel.node);
  panel.render();
  listenForOpeners(panel);
  // Without a token nobody has written yet, and a page view costs the server nothing.
  if (chat.known || chat.outbox.head()) chat.connect();
}

function loadStyle(root, server) {
  return new Promise((resolve, reject) => {
    const link = element("link", { rel: "stylesheet", href: `${server}/static/widget/widget.css` });
    link.addEventListener("load", resolve);
    link.addEventListener("error", () => reject(new Error("widget.css did not load.")));
    root.append(link);
  });
}

// What is being written belongs to this tab alone.
function openDrafts(server) {
  try {
    return openStorage(`yingsheng:${server}:`, window.sessionStorage);
  } catch {
    return openStorage("", null);
  }
}

function errorWords(code, say) {
  const named = ["too_fast", "unavailable", "contact_invalid"];
  return say(named.includes(code) ? `error_${code}` : "error_other");
}

// Many changes in one turn become one rendering.
function soon(action) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      action();
    });
  };
}

function followTheme(node, options) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const system = dark.matches ? "dark" : "light";
    const theme = ["light", "dark"].includes(options.theme) ? options.theme : system;
    node.dataset.theme = theme;
    const colours = accentColours(options.accent, theme);
    node.style.setProperty("--accent", colours.accent);
    node.style.setProperty("--on-accent", colours.onAccent);
    node.style.setProperty("--accent-text", colours.accentText);
  };
  dark.addEventListener("change", apply);
  apply();
}

// Any element of the page may open the chat: <a href="/help" data-yingsheng-open>.
function listenForOpeners(panel) {
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.(OPENER)) return;
    event.preventDefault();
    panel.open();
  });
}
