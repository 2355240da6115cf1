// A test of a way on its page: what came of it so far, asked for until it is over.
const EVERY_MS = 700;
const AT_MOST_MS = 180_000;
const WAIT_MS = 10_000;
const box = document.querySelector("[data-outcome]");
const began = Date.now();

async function read(address) {
  const response = await fetch(address, {
    headers: { "X-Fetch": "1" }, cache: "no-store", signal: AbortSignal.timeout(WAIT_MS),
  });
  return response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
}

// A test changes what the page says beside it: whether the way works, and what went out by it.
async function lookAround() {
  const fresh = await read(location.href);
  for (const place of document.querySelectorAll("[data-follows-test]")) {
    const now = fresh?.querySelector(`[data-follows-test="${place.dataset.followsTest}"]`);
    if (now) place.replaceWith(now);
  }
}

async function look() {
  try {
    const found = await read(box.dataset.outcome);
    if (found) {
      const part = found.body.firstElementChild;
      const shown = box.firstElementChild;
      if (part && shown && part.dataset.state + part.dataset.over !== shown.dataset.state + shown.dataset.over) {
        shown.replaceWith(part);
        if (part.dataset.over) await lookAround();
      }
    }
  } catch {
    // The network may be back the next time.
  }
  if (!box.firstElementChild?.dataset.over && Date.now() - began < AT_MOST_MS) setTimeout(look, EVERY_MS);
}

if (box && !box.firstElementChild?.dataset.over) setTimeout(look, EVERY_MS);
document.getElementById("problems")?.focus();
for (const field of document.querySelectorAll('.test-form input[name="other"]')) {
  field.addEventListener("input", () => {
    field.form.querySelector('input[value="other"]').checked = true;
  });
}
