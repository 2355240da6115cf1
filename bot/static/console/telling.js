// A test of a way on its page: what came of it so far, asked for until it is over.
const EVERY_MS = 700;
const AT_MOST_MS = 180_000;
const WAIT_MS = 10_000;
const box = document.querySelector("[data-outcome]");
const began = Date.now();

async function look() {
  try {
    const response = await fetch(box.dataset.outcome, {
      headers: { "X-Fetch": "1" }, cache: "no-store", signal: AbortSignal.timeout(WAIT_MS),
    });
    if (response.ok) {
      const part = new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild;
      const shown = box.firstElementChild;
      if (part && shown && part.dataset.state + part.dataset.over !== shown.dataset.state + shown.dataset.over) {
        shown.replaceWith(part);
      }
    }
  } catch {
    // The network may be back the next time.
  }
  if (!box.firstElementChild?.dataset.over && Date.now() - began < AT_MOST_MS) setTimeout(look, EVERY_MS);
}

if (box && !box.firstElementChild?.dataset.over) setTimeout(look, EVERY_MS);
for (const field of document.querySelectorAll('.test-form input[name="other"]')) {
  field.addEventListener("input", () => {
    field.form.querySelector('input[value="other"]').checked = true;
  });
}
