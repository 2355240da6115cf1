// The one script a page embeds. It makes a host element with a shadow root, and loads the rest as modules.
//
//   <script src="https://chat.example.com/widget.js" data-accent="#0b6" data-title="…" data-position="right|left"
//           data-language="auto|zh-CN|zh-TW|en" data-theme="auto|light|dark"
//           data-suggestions="on|off" defer></script>
//
// Every attribute may be missing. An element of the page with data-yingsheng-open opens the chat when clicked.
// A page with a Content-Security-Policy has to allow the chat's address in three places, and nothing inline:
//   script-src https://chat.example.com; style-src https://chat.example.com;
//   connect-src https://chat.example.com wss://chat.example.com
// and, where answers hold pictures, img-src https://chat.example.com with the hosts of answers.image_hosts.
(() => {
  "use strict";
  const TAG = "yingsheng-chat";
  const RETRIES_MS = [1000, 4000, 15000, 60000];
  const script = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  if (!script || document.querySelector(TAG)) return;

  const server = new URL(script.src, document.baseURI).origin;
  const options = {
    server,
    accent: script.dataset.accent || "",
    title: script.dataset.title || "",
    position: script.dataset.position === "left" ? "left" : "right",
    language: script.dataset.language || "auto",
    theme: script.dataset.theme || "auto",
    suggestions: script.dataset.suggestions !== "off",
  };

  async function load() {
    const app = await import(`${server}/static/widget/app.js`);
    await app.start(makeRoot(), options);
  }

  function makeRoot() {
    document.querySelector(TAG)?.remove();
    const host = document.createElement(TAG);
    // Open on purpose: closing it would hide the chat from tests and accessibility tools, and protects nothing
    // from a page that can patch attachShadow.
    const root = host.attachShadow({ mode: "open" });
    document.body.append(host);
    return root;
  }

  function loadWithRetries(attempt) {
    load().catch((error) => {
      document.querySelector(TAG)?.remove();
      if (attempt < RETRIES_MS.length) setTimeout(loadWithRetries, RETRIES_MS[attempt], attempt + 1);
      else console.warn(`Chat widget: could not load from ${server}.`, error);
    });
  }

  if (document.body) loadWithRetries(0);
  else document.addEventListener("DOMContentLoaded", () => loadWithRetries(0), { once: true });
})();
