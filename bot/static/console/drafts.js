// Drafts of entries that were not saved, on this computer alone; they end with the login and after a month.
const PREFIX = "yingsheng-entry-draft:";
const SENT = "yingsheng-entry-sent";
const KEPT_MS = 30 * 86_400_000;
const SKIPPED = new Set(["csrf", "version", "id", "then", "note"]);

function all() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}

const keyOf = (form) => `${PREFIX}${form.dataset.new ? "new" : form.dataset.entry}`;

/** Keep what the form holds. */
export function keepDraft(form) {
  const texts = Object.fromEntries([...new FormData(form)].filter(([name]) => !SKIPPED.has(name)));
  try {
    localStorage.setItem(keyOf(form), JSON.stringify({ at: Date.now(), version: form.dataset.version, texts }));
  } catch { /* no room: the guard against leaving is still there */ }
}

/** What was kept of this form, if it was based on the same version; null otherwise. */
export function keptDraft(form) {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(form)));
    if (!kept || Date.now() - kept.at > KEPT_MS || kept.version !== form.dataset.version) return null;
    return kept.texts;
  } catch {
    return null;
  }
}

/** The form is on its way; once another page is there, it was taken. */
export function noteSent(form) {
  try { sessionStorage.setItem(SENT, keyOf(form)); } catch { /* the draft is offered once more */ }
}

/** Forget the draft of a form that was taken: this page is not the one from which it was sent. */
export function forgetSent(form) {
  try {
    const sent = sessionStorage.getItem(SENT);
    if (!sent || (form && keyOf(form) === sent && (form.dataset.new || document.querySelector("#problems")))) return;
    if (!document.getElementById("conflict")) localStorage.removeItem(sent);
    sessionStorage.removeItem(SENT);
  } catch { /* nothing is kept in such a browser */ }
}

/** Forget the draft of an entry, or, without an id, every draft. */
export function forgetDrafts(id = null) {
  for (const key of all()) {
    if (id === null || key === `${PREFIX}${id}`) localStorage.removeItem(key);
  }
}
