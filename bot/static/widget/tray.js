// Files about to be sent: pasted, dropped or chosen, uploaded at once. One that could not be uploaded stays here with
// its reason and a button; it is uploaded again by itself when the network comes back. Nothing is sent without it.

import { sizeWords } from "./attachments.js";
import { element, icon, set, write } from "./dom.js";

const WAIT_MS = 150_000;
const CODES = ["file_too_large", "file_kind", "file_empty", "file_too_slow", "too_fast"];
const AGAIN = ["unavailable", "file_busy"];

export function makeTray({ say, chat, server, changed }) {
  const list = element("ul", { class: "tray", hidden: true, "aria-label": say("files_chosen") });
  const said = element("span", { class: "aside", role: "status" });
  const left = element("p", { class: "left-out", role: "status" });
  const input = element("input", { type: "file", multiple: true, hidden: true, tabindex: "-1" });
  const attach = element("button", { type: "button", class: "attach", "aria-label": say("attach"), title: say("attach"),
    onclick: () => input.click() }, icon("clip"));
  const node = element("div", {}, list, left, said, input);
  let files = [];

  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  addEventListener("online", resume);
  addEventListener("beforeunload", (event) => {
    if (files.length) event.preventDefault();
  });

  function take(event, data) {
    if (!data?.files.length) return;
    event.preventDefault();
    add([...data.files]);
  }

  function add(chosen) {
    const most = chat.conversation.limits.files ?? 5;
    write(left, files.length + chosen.length > most ? say("files_most", { count: most }) : "");
    for (const file of chosen.slice(0, most - files.length)) {
      const one = makeRow(file);
      files.push(one);
      list.append(one.node);
      upload(one);
    }
    refresh();
  }

  function makeRow(file) {
    const preview = element("span", { class: "preview" }, icon("file"));
    const state = element("small");
    const bar = element("progress", { max: "100", value: "0", "aria-hidden": "true" });
    const one = { file, state, bar, preview, item: null, failed: null };
    one.retry = element("button", { type: "button", class: "retry", hidden: true, onclick: () => upload(one) }, say("file_retry"));
    const remove = element("button", { type: "button", class: "remove", "aria-label": say("file_remove", { name: file.name }),
      title: say("file_remove", { name: file.name }), onclick: () => drop(one) }, icon("close"));
    one.node = element("li", {}, preview, element("span", { class: "file-words" }, element("bdi", {}, file.name), state, bar),
      one.retry, remove);
    return one;
  }

  async function upload(one) {
    one.failed = null;
    show(one, say("file_uploading", { percent: 0 }));
    const most = chat.conversation.limits.file_bytes ?? 10 * 1024 * 1024;
    const answer = one.file.size > most ? { error: "file_too_large" } : await send(one);
    if (answer.id) accept(one, answer);
    else one.failed = answer.error ?? "network";
    show(one, one.item ? sizeWords(one.file.size) : sentence(one.failed, most));
    write(said, one.item ? say("file_kept", { name: one.file.name }) : sentence(one.failed, most));
    refresh();
  }

  // The server's thumbnail, which every page that shows the chat's pictures allows.
  function accept(one, item) {
    one.item = item;
    if (item.thumbnail) one.preview.replaceChildren(element("img", { src: item.thumbnail, alt: "", width: 40, height: 40 }));
  }

  function sentence(code, most) {
    const known = CODES.includes(code) ? code : code === "network" ? "file_offline" : "file_failed";
    return say(known === "too_fast" ? "file_too_many" : known, { megabytes: Math.floor(most / 1024 / 1024) });
  }

  async function send(one) {
    const token = await chat.visitor();
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${server}/chat/files`);
      request.timeout = WAIT_MS;
      request.setRequestHeader("Authorization", `Bearer ${token}`);
      request.setRequestHeader("X-File-Name", encodeURIComponent(one.file.name.toWellFormed?.() ?? one.file.name));
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.addEventListener("progress", (event) => {
        const percent = Math.floor((event.loaded / event.total) * 100);
        set(one.bar, "value", percent);
        write(one.state, say("file_uploading", { percent }));
      });
      request.addEventListener("loadend", () => done(parse(request)));
      request.send(one.file);
    });
  }

  function show(one, words) {
    write(one.state, words);
    one.bar.hidden = Boolean(one.item || one.failed);
    one.retry.hidden = !one.failed || CODES.slice(0, 3).includes(one.failed);
    one.node.classList.toggle("bad", Boolean(one.failed));
  }

  function resume() {
    for (const one of files) if (one.failed === "network" || AGAIN.includes(one.failed)) upload(one);
  }

  function drop(one) {
    files = files.filter((other) => other !== one);
    one.node.remove();
    write(left, "");
    refresh();
    attach.focus({ preventScroll: true });
  }

  function refresh() {
    list.hidden = !files.length;
    changed();
  }

  // What goes into the message, or null while a file is not uploaded.
  function ready() {
    return files.every((one) => one.item) ? files.map((one) => one.item) : null;
  }

  function clear() {
    files = [];
    list.replaceChildren();
    write(left, "");
    refresh();
  }

  return { node, attach, take, ready, clear };
}

function parse(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return request.status === 413 ? { error: "file_too_large" } : {};
  }
}
