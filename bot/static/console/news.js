// The bar on top of every page: what needs somebody, looked at again now and then while the page is seen.
const EVERY_MS = 20_000;
const WAIT_MS = 15_000;
const bar = document.getElementById("news");

async function look() {
  if (document.hidden) return;
  try {
    const response = await fetch("/console/news", {
      headers: { "X-Fetch": "1", "X-Background": "1" }, cache: "no-store", signal: AbortSignal.timeout(WAIT_MS),
    });
    if (!response.ok) return;
    const part = new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild;
    if (part.innerHTML.trim() !== bar.innerHTML.trim()) bar.replaceChildren(...part.childNodes);
  } catch {
    // The page says elsewhere that the network is gone; what the bar said last stays.
  }
}

if (bar) {
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
}
