// Runs before the first paint, so that a chosen theme never flashes into the other one.
(() => {
  const KEY = "yingsheng-theme";
  const root = document.documentElement;
  const kept = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  if (kept() === "dark" || kept() === "light") root.dataset.theme = kept();
  root.classList.add("scripted");
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-switch-theme]")) return;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme ?? (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    try { localStorage.setItem(KEY, root.dataset.theme); } catch { /* private mode: for this page only */ }
  });
})();
