// Alarms of the agent who is logged in: a banner on every open page; a sound and a notification once a browser.
import { say } from "./words.js";
import { onFrame, open, send } from "./socket.js";

const KEPT_MS = 3_600_000;
const CLAIM_MS = 400;
const HELD_MS = 15_000;
const MOST_KEPT = 100;
const MOST_SHOWN = 1;
const MOST_NUMBERS = 3;
const OVERDUE = "/console/deadlines?span=overdue";
const box = document.getElementById("alarms");
const panel = document.getElementById("alarm-settings");
const me = box.dataset.me;
const KEPT = `yingsheng-alarms-${me}`;
const MUTED = "yingsheng-alarm-muted";
const tab = `${Date.now()}-${Math.random()}`;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("yingsheng-alarms") : null;
let audio = null;

function read(key, otherwise) {
  try { return JSON.parse(localStorage.getItem(key)) ?? otherwise; } catch { return otherwise; }
}

function write(key, value) {
  try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* private mode: for this page only */ }
}

const kept = () => read(KEPT, []).filter((alarm) => alarm.at > Date.now() - KEPT_MS);
const isMuted = () => read(MUTED, false);

// Several pages of one browser hear the same alarm, and one acts: the one that gets the lock, which it holds until the
// others have asked. Where there are no locks (they need HTTPS), the one that wrote its name last and still finds it.
async function claim(what) {
  const key = `yingsheng-claim-${what}`;
  if (read(key, null)) return false;
  if (navigator.locks) return locked(key);
  write(key, { tab, at: Date.now() });
  await new Promise((done) => { setTimeout(done, CLAIM_MS); });
  return read(key, null)?.tab === tab;
}

function locked(key) {
  return new Promise((won) => {
    navigator.locks.request(key, { ifAvailable: true }, (lock) => {
      const mine = lock !== null && !read(key, null);
      if (mine) write(key, { tab, at: Date.now() });
      won(mine);
      return mine ? new Promise((done) => { setTimeout(done, HELD_MS); }) : null;
    });
  });
}

function forgetClaims() {
  const old = Date.now() - KEPT_MS;
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("yingsheng-claim-") && !(read(key, null)?.at > old)) localStorage.removeItem(key);
  }
}

// Two falling tones, twice. Nothing sounds before somebody has clicked on the page: browsers want it so.
function tone(at, frequency) {
  const voice = audio.createOscillator();
  const loudness = audio.createGain();
  voice.frequency.value = frequency;
  loudness.gain.setValueAtTime(0.0001, at);
  loudness.gain.exponentialRampToValueAtTime(0.3, at + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.28);
  voice.connect(loudness);
  loudness.connect(audio.destination);
  voice.start(at);
  voice.stop(at + 0.3);
}

async function ready() {
  if (!("AudioContext" in window)) return false;
  audio ??= new AudioContext();
  if (audio.state !== "running") await Promise.race([audio.resume(), new Promise((done) => { setTimeout(done, 50); })]);
  return audio.state === "running";
}

async function sound() {
  if (!await ready()) return;
  for (const [place, frequency] of [880, 660, 880, 660].entries()) tone(audio.currentTime + place * 0.32, frequency);
}

async function ring(alarm) {
  if (isMuted() || !await ready()) return;
  if (await claim(`sound-${alarm.key}`)) sound();
}

async function notify(alarm) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  if (!await claim(`notice-${alarm.key}`)) return;
  const shown = new Notification(alarm.title, { tag: alarm.key, body: alarm.numbers.join(" ") });
  shown.onclick = () => {
    window.focus();
    location.href = addressOf(alarm);
  };
}

const addressOf = (alarm) => (
  alarm.numbers.length === 1 ? `/console/tickets/${alarm.numbers[0]}` : OVERDUE
);

function made(name, text, more = {}) {
  const element = Object.assign(document.createElement(name), more);
  if (text) element.textContent = text;
  return element;
}

function banner(alarm) {
  const shown = made("section", "", { className: "alarm-note" });
  shown.dataset.alarm = alarm.key;
  shown.setAttribute("role", "alert");
  const words = made("p", "", { className: "alarm-note-words" });
  words.append(made("strong", alarm.title));
  for (const number of alarm.numbers.slice(0, MOST_NUMBERS)) {
    words.append(made("a", number, { href: `/console/tickets/${number}`, className: "number" }));
  }
  const more = alarm.numbers.length - MOST_NUMBERS;
  if (more > 0) words.append(made("span", say("alarm.more", { count: more })));
  shown.append(words, ...acts(addressOf(alarm), say("alarm.close"), (one) => one.key === alarm.key));
  return shown;
}

// The two buttons of a banner: where to go, and what it takes off every page.
function acts(address, word, fits) {
  const go = made("a", say("alarm.open"), { href: address, className: "button button-small button-alarm" });
  const close = made("button", word, { type: "button", className: "button button-small button-alarm" });
  close.addEventListener("click", () => dismiss(fits));
  return [go, close];
}

// Many at once would push the page itself out of the window: the newest shows, the others are one line.
function bannerOfRest(alarms) {
  const tickets = new Set(alarms.flatMap((alarm) => alarm.numbers)).size;
  const shown = made("section", "", { className: "alarm-note alarm-rest" });
  const words = made("p", "", { className: "alarm-note-words" });
  words.append(made("strong", say("alarm.rest", { count: alarms.length, tickets })));
  shown.append(words, ...acts(OVERDUE, say("alarm.close_all"), () => true));
  return shown;
}

function show() {
  const alarms = kept();
  const shown = new Map([...box.children].map((one) => [one.dataset.alarm, one]));
  const single = alarms.length > MOST_SHOWN + 1 ? alarms.slice(0, MOST_SHOWN) : alarms;
  const rest = alarms.slice(single.length);
  const banners = single.map((alarm) => shown.get(alarm.key) ?? banner(alarm));
  box.replaceChildren(...banners, ...(rest.length ? [bannerOfRest(rest)] : []));
}

function forget(fits) {
  write(KEPT, kept().filter((alarm) => !fits(alarm)));
  show();
}

function dismiss(fits) {
  forget(fits);
  channel?.postMessage("changed");
}

function take(frame) {
  const known = kept();
  if (!known.some((alarm) => alarm.key === frame.key)) {
    const fresh = { key: frame.key, title: frame.title, numbers: frame.numbers, at: Date.now() };
    write(KEPT, [fresh, ...known].slice(0, MOST_KEPT));
  }
  show();
  send({ type: "heard", key: frame.key });
  ring(frame);
  notify(frame);
}

function notificationState() {
  if (!("Notification" in window) || !window.isSecureContext) return "unavailable";
  return { granted: "enabled", denied: "denied" }[Notification.permission] ?? "off";
}

function showSettings() {
  panel.querySelector("[data-alarm-sound]").setAttribute("aria-pressed", String(!isMuted()));
  panel.classList.toggle("alarm-muted", isMuted());
  const state = notificationState();
  panel.querySelector("[data-alarm-state]").textContent = say(`alarm.${state}`);
  panel.querySelector("[data-alarm-ask]").hidden = state !== "off";
}

async function showClickHint() {
  panel.querySelector("[data-alarm-click]").hidden = await ready();
}

function startSettings() {
  panel.querySelector("[data-alarm-sound]").addEventListener("click", () => { write(MUTED, !isMuted()); showSettings(); });
  panel.querySelector("[data-alarm-try]").addEventListener("click", sound);
  panel.querySelector("[data-alarm-ask]").addEventListener("click", async () => {
    await Notification.requestPermission();
    showSettings();
  });
  panel.addEventListener("toggle", () => { showSettings(); if (panel.open) showClickHint(); });
  document.addEventListener("click", (event) => { if (!panel.contains(event.target)) panel.open = false; });
  showSettings();
}

// The page of a ticket is where its alarm leads to.
const here = location.pathname.match(/^\/console\/tickets\/([0-9-]+)/)?.[1];

channel?.addEventListener("message", show);
addEventListener("storage", (event) => { if (event.key === KEPT) show(); });
document.addEventListener("pointerdown", ready, { once: true });
document.addEventListener("keydown", ready, { once: true });
document.querySelector('form[action="/console/logout"]')?.addEventListener("submit", () => forget(() => true));
forgetClaims();
forget((alarm) => alarm.numbers.length === 1 && alarm.numbers[0] === here);
startSettings();
onFrame((frame) => { if (frame.type === "alarm") take(frame); });
open();
