// Take over, hold, resolve …: done at once, undone from the toast.
import { toast } from "./toasts.js";
import { explain, post } from "./server.js";
import { refresh } from "./regions.js";

const pathOf = (act) => `/console/tickets/${document.body.dataset.number}/${act}`;

async function perform(act, fields) {
  const answer = await post(pathOf(act), fields);
  if (answer.ok) {
    const undo = answer.data.undo;
    toast(answer.data.text, { undo: undo && (() => perform(undo.act, { version: undo.version })) });
  } else {
    explain(answer);
  }
  await refresh();
}

/** Do what a button of the ticket's head does, if it is there now. */
export function press(act) {
  const form = document.querySelector(`form[data-act="${act}"]`);
  if (form) form.requestSubmit();
}

export function startActs() {
  document.addEventListener("submit", (event) => {
    const act = event.target.dataset.act;
    if (!act) return;
    event.preventDefault();
    const button = event.target.querySelector("button");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    perform(act, Object.fromEntries(new FormData(event.target)))
      .finally(() => button.setAttribute("aria-busy", "false"));
  });
}
