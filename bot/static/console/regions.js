// Swaps fresh parts into the page without disturbing the reader: unchanged nodes stay, open details stay open, the
// queue's order never changes under the pointer.
import { say } from "./words.js";
import { fetchParts } from "./server.js";
import { setServerTime, tick } from "./countdown.js";

const shownHtml = new Map();
const shownItems = new WeakMap();
const listeners = [];
const column = document.getElementById("queue");
const bar = document.getElementById("updates-bar");
let waitingQueue = null;
let running = false;
let again = false;

/** Call after each refresh. */
export function onRefresh(listener) {
  listeners.push(listener);
}

function remember(item) {
  shownItems.set(item, item.outerHTML);
}

export function rememberAll() {
  for (const region of document.querySelectorAll(".region[data-region]")) {
    for (const list of region.querySelectorAll("[data-keyed]")) {
      for (const item of list.children) remember(item);
    }
  }
}

function openDetails(item) {
  return [...item.querySelectorAll("details")].map((one) => one.open);
}

function reopen(item, were) {
  item.querySelectorAll("details").forEach((one, place) => { one.open = were[place] ?? false; });
}

/** Make the list's children those of `fresh`, by key, keeping every node whose content is the same. */
function mergeList(list, fresh) {
  const old = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const merged = [...fresh.children].map((item) => {
    const html = item.outerHTML;
    const kept = old.get(item.dataset.key);
    if (kept && shownItems.get(kept) === html) return kept;
    const next = document.importNode(item, true);
    shownItems.set(next, html);
    if (kept) reopen(next, openDetails(kept));
    return next;
  });
  const stays = new Set(merged);
  for (const item of [...list.children]) if (!stays.has(item)) item.remove();
  merged.forEach((item, place) => {
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
  for (const { name, value } of fresh.attributes) list.setAttribute(name, value);
}

function focusKey(region) {
  const active = document.activeElement;
  if (!active || !region.contains(active)) return null;
  const key = active.closest("[data-key]")?.dataset.key;
  if (key) return `[data-key="${CSS.escape(key)}"] a`;
  return active.dataset.focus ? `[data-focus="${active.dataset.focus}"]` : null;
}

function swap(region, fresh) {
  const html = fresh.innerHTML;
  if (shownHtml.get(region.dataset.region) === html) return;
  shownHtml.set(region.dataset.region, html);
  const focused = focusKey(region);
  const list = region.querySelector(":scope > [data-keyed]");
  const freshList = fresh.querySelector(":scope > [data-keyed]");
  if (list && freshList) {
    mergeList(list, freshList);
    swapAround(region, list, fresh, freshList);
  } else {
    const open = openDetails(region);
    region.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
    reopen(region, open);
    for (const keyed of region.querySelectorAll("[data-keyed]")) for (const item of keyed.children) remember(item);
  }
  if (focused) region.querySelector(focused)?.focus({ preventScroll: true });
}

/** Replace what stands around a keyed list that stays. */
function swapAround(region, list, fresh, freshList) {
  for (const node of [...region.childNodes]) if (node !== list) node.remove();
  let before = true;
  for (const node of fresh.childNodes) {
    if (node === freshList) before = false;
    else if (before) region.insertBefore(document.importNode(node, true), list);
    else region.append(document.importNode(node, true));
  }
}

const keysOf = (queue) => [...queue.querySelectorAll(".rows > [data-key]")].map((row) => row.dataset.key);

function differences(before, after) {
  const known = new Set(before);
  const stays = new Set(after);
  const came = after.filter((key) => !known.has(key)).length;
  const went = before.filter((key) => !stays.has(key)).length;
  const moved = after.filter((key) => known.has(key)).join() !== before.filter((key) => stays.has(key)).join();
  return came + went + (moved ? 1 : 0);
}

/** Bring the rows that are on screen up to date where they stand. */
function swapInPlace(region, fresh) {
  for (const row of region.querySelectorAll(".rows > [data-key]")) {
    const next = fresh.querySelector(`.rows > [data-key="${CSS.escape(row.dataset.key)}"]`);
    if (!next || shownItems.get(row) === next.outerHTML) continue;
    const made = document.importNode(next, true);
    shownItems.set(made, next.outerHTML);
    const focused = row.contains(document.activeElement);
    row.replaceWith(made);
    if (focused) made.querySelector("a").focus({ preventScroll: true });
  }
}

function swapQueue(region, fresh) {
  const before = keysOf(region);
  const changes = differences(before, keysOf(fresh));
  const busy = column.matches(":hover") || column.contains(document.activeElement);
  if (changes === 0 || !busy || before.length === 0) {
    waitingQueue = null;
    bar.hidden = true;
    swap(region, fresh);
    return;
  }
  swapInPlace(region, fresh);
  waitingQueue = fresh;
  bar.textContent = say("updates", { count: changes });
  bar.hidden = false;
}

/** Show the queue that waits for the pointer to leave. */
export function applyQueue() {
  if (!waitingQueue) return;
  const fresh = waitingQueue;
  waitingQueue = null;
  bar.hidden = true;
  swap(document.querySelector('.region[data-region="queue"]'), fresh);
  tick();
}

bar.addEventListener("click", applyQueue);
column.addEventListener("pointerleave", () => { if (!column.contains(document.activeElement)) applyQueue(); });

/** Whether somebody has chosen or typed something in these fields that is not saved. */
export const isChanged = (field) => (field.tagName === "SELECT"
  ? field.selectedOptions[0]?.defaultSelected === false
  : field.value !== field.defaultValue);

/** While somebody types in a region's form, nothing that is new may take it away. */
function isTypedInto(region) {
  return [...region.querySelectorAll("form[data-shape] :is(input:not([type=hidden]), select, textarea)")].some(isChanged);
}

/** Fetch and show what is new; one at a time, and once more if asked meanwhile. Returns whether it worked. */
export async function refresh() {
  if (running) {
    again = true;
    return true;
  }
  running = true;
  const parts = await fetchParts();
  running = false;
  if (parts) {
    setServerTime(Number(parts.dataset.now));
    for (const fresh of parts.querySelectorAll(":scope > [data-region]")) {
      const region = document.querySelector(`.region[data-region="${fresh.dataset.region}"]`);
      if (region && !isTypedInto(region)) (fresh.dataset.region === "queue" ? swapQueue : swap)(region, fresh);
    }
    tick();
    for (const listener of listeners) listener();
  }
  if (again) {
    again = false;
    return refresh();
  }
  return parts !== null;
}
