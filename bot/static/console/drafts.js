// Drafts of entries that were not saved, on this computer alone; they end with the login and after a month.
const PREFIX = "yingsheng-entry-draft:";
const NEW = `${PREFIX}new`;
const KEPT_MS = 30 * 86_400_000;
const SKIPPED = new Set(["csrf", "version", "id", "then", "note"]);

const keyOf = (form) => (form.dataset.new ? NEW : `${PREFIX}${form.dataset.entry}`);

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function remove(key) {
  try { localStorage.removeItem(key); } catch { /* nothing is kept in such a browser */ }
}

/** Keep what the form holds. */
export function keepDraft(form) {
  const texts = Object.fromEntries([...new FormData(form)].filter(([name]) => !SKIPPED.has(name)));
  const kept = { at: Date.now(), id: form.dataset.entry, version: form.dataset.version, texts };
  try {
    localStorage.setItem(keyOf(form), JSON.stringify(kept));
  } catch { /* no room: the guard against leaving is still there */ }
}

/** What was kept of this form: {texts, version}; null if nothing was. */
export function keptDraft(form) {
  const kept = read(keyOf(form));
  return kept && Date.now() - kept.at <= KEPT_MS ? kept : null;
}

/** Forget what was kept of this form. */
export function forgetDraft(form) {
  remove(keyOf(form));
}

/** The server has this entry: forget its draft, also if it was a new one. */
export function forgetSaved(id) {
  remove(`${PREFIX}${id}`);
  if (read(NEW)?.id === id) remove(NEW);
}

/** Forget every draft. */
export function forgetDrafts() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  } catch { /* nothing is kept in such a browser */ }
}
