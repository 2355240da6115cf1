// Writing: two tabs that cannot be mistaken, drafts that survive, and what happens when somebody was faster.
import { say } from "./words.js";
import { toast } from "./toasts.js";
import { explain, post } from "./server.js";
import { onRefresh, refresh } from "./regions.js";
import { sayTyping } from "./live.js";
import { takeFiles } from "./files.js";

const TYPING_MS = 2500;
const DRAFT = "yingsheng-draft-";
const number = document.body.dataset.number;
const composer = document.getElementById("composer");
const conflictBox = document.getElementById("conflict");
const forms = { reply: document.getElementById("form-reply"), note: document.getElementById("form-note") };
const tabs = { reply: document.getElementById("tab-reply"), note: document.getElementById("tab-note") };
let typedAt = 0;
let files = null;

const area = (mode) => forms[mode].elements.namedItem("text");
const draftKey = (mode) => `${DRAFT}${number}-${mode}`;

function keepDraft(mode) {
  try {
    if (area(mode).value) localStorage.setItem(draftKey(mode), area(mode).value);
    else localStorage.removeItem(draftKey(mode));
  } catch { /* private mode: the draft lives as long as the page */ }
}

/** Whoever uses this machine next must not read what was left unsent. */
export function forgetDrafts() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(DRAFT)) localStorage.removeItem(key);
  } catch { /* see keepDraft */ }
}

function restoreDraft(mode) {
  try {
    area(mode).value ||= localStorage.getItem(draftKey(mode)) ?? "";
  } catch { /* see keepDraft */ }
}

/** Show one of the tabs, "reply" or "note". */
export function choose(mode, focus = true) {
  composer.dataset.mode = mode;
  for (const name of ["reply", "note"]) {
    tabs[name].setAttribute("aria-selected", String(name === mode));
    tabs[name].tabIndex = name === mode ? 0 : -1;
  }
  if (focus) area(mode).focus();
}

const insertedField = () => forms.reply.elements.namedItem("inserted");
const insertedKey = `${DRAFT}${number}-inserted`;

/** Remember which entries the draft was made from, as "id@version id@version". */
function keepInserted(value) {
  insertedField().value = value;
  try {
    if (value) localStorage.setItem(insertedKey, value);
    else localStorage.removeItem(insertedKey);
  } catch { /* see keepDraft */ }
}

function restoreInserted() {
  try {
    insertedField().value = area("reply").value ? localStorage.getItem(insertedKey) ?? "" : "";
  } catch { /* see keepDraft */ }
}

/** Put an answer of the knowledge base where the agent writes to the customer; entry is "id@version". */
export function insert(text, entry) {
  choose("reply");
  const before = area("reply").value ? insertedField().value.split(" ").filter((one) => one && one !== entry) : [];
  keepInserted([...before, entry].slice(-5).join(" "));
  const box = area("reply");
  const gap = box.value && !box.value.endsWith("\n") ? "\n" : "";
  box.setRangeText(gap + text, box.selectionStart, box.selectionEnd, "end");
  keepDraft("reply");
  box.focus();
  toast(say("inserted"));
}

function busy(form, is) {
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-busy", String(is));
  form.querySelector("[data-state]").textContent = is ? say("sending") : "";
}

function clear(mode) {
  forms[mode].reset();
  area(mode).value = "";
  keepDraft(mode);
  if (mode === "reply") {
    forms.reply.elements.namedItem("client_id").value = crypto.randomUUID();
    keepInserted("");
    files.clear();
  }
}

function closeConflict() {
  conflictBox.replaceChildren();
}

function showConflict(html) {
  conflictBox.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  conflictBox.firstElementChild.focus();
}

async function send(mode) {
  const form = forms[mode];
  const carries = mode === "reply" && files.any();
  if (form.querySelector('[aria-busy="true"]') || (!area(mode).value.trim() && !carries)) return;
  if (carries && !files.ready()) return;
  busy(form, true);
  const answer = await post(form.getAttribute("action"), new FormData(form));
  busy(form, false);
  if (answer.ok) {
    clear(mode);
    closeConflict();
    toast(answer.data.text);
  } else if (answer.status === 409 && answer.html) {
    showConflict(answer.html);
  } else {
    explain(answer);
  }
  await refresh();
}

/** The agent has read the panel: what it shows counts as seen, and, if need be, the ticket is taken over first. */
async function sendAnyway(how) {
  const panel = conflictBox.querySelector(".conflict");
  if (how === "take-over") {
    const taken = await post(`/console/tickets/${number}/take-over`, { version: panel.dataset.version });
    if (!taken.ok) {
      explain(taken);
      await refresh();
      return;
    }
  }
  forms.reply.elements.namedItem("last_seen").value = panel.dataset.last;
  forms.reply.elements.namedItem("version").value = panel.dataset.version;
  await send("reply");
}

function followHint() {
  const hint = composer.querySelector(".hint");
  const open = hint.dataset.canReply === "yes";
  composer.dataset.closed = open ? "no" : "yes";
  forms.reply.querySelector(".button-main").disabled = !open;
}

function watchWriting(mode) {
  area(mode).addEventListener("input", () => {
    keepDraft(mode);
    if (mode === "reply" && Date.now() - typedAt > TYPING_MS) {
      typedAt = Date.now();
      sayTyping();
    }
  });
  area(mode).addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      if (mode === "note" || !forms.reply.querySelector(".button-main").disabled) send(mode);
    }
  });
  forms[mode].addEventListener("submit", (event) => {
    event.preventDefault();
    const how = event.submitter?.dataset.sendAnyway;
    if (how) sendAnyway(how);
    else send(mode);
  });
}

export function startComposer() {
  for (const mode of ["reply", "note"]) {
    restoreDraft(mode);
    watchWriting(mode);
    tabs[mode].addEventListener("click", () => choose(mode));
    tabs[mode].addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
        choose(mode === "reply" ? "note" : "reply", false);
        tabs[composer.dataset.mode].focus();
      }
    });
  }
  restoreInserted();
  files = takeFiles(forms.reply, `${DRAFT}${number}-files`);
  conflictBox.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-conflict]")) {
      closeConflict();
      area("reply").focus();
    }
  });
  choose("reply", false);
  followHint();
  onRefresh(followHint);
}
