// Files that go with a reply: pasted, dropped or chosen, uploaded at once, sent by their ids. They are part of the
// draft: what was uploaded survives a reload, and what was not is never left out of a reply in silence.
import { say } from "./words.js";
import { toast } from "./toasts.js";
import { loggedOut } from "./server.js";

const ADDRESS = "/console/uploads";
const WAIT_MS = 150_000;

/** The files of one form. key: where the draft is kept. Returns {ready, clear}. */
export function takeFiles(form, key) {
  const area = form.elements.namedItem("text");
  const field = form.elements.namedItem("files");
  const tray = form.querySelector("[data-files]");
  const most = Number(tray.dataset.most);
  let files = restore(key);

  area.addEventListener("paste", (event) => take(event, event.clipboardData));
  form.addEventListener("drop", (event) => take(event, event.dataTransfer));
  form.addEventListener("dragover", (event) => {
    if ([...event.dataTransfer.items].some((item) => item.kind === "file")) event.preventDefault();
  });
  form.querySelector("[data-attach]").addEventListener("click", choose);
  addEventListener("beforeunload", (event) => {
    if (files.some((one) => !one.id && !one.failed)) event.preventDefault();
  });
  changed();

  function take(event, data) {
    if (!data.files.length) return;
    event.preventDefault();
    add([...data.files]);
  }

  function choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.addEventListener("change", () => add([...input.files]));
    input.click();
  }

  function add(chosen) {
    if (files.length + chosen.length > most) toast(say("file_most", { count: most }), { bad: true });
    for (const file of chosen.slice(0, most - files.length)) {
      const one = { name: file.name, percent: 0, file };
      files.push(one);
      upload(one);
    }
    changed();
  }

  async function upload(one) {
    Object.assign(one, { failed: null, percent: 0 });
    changed();
    const answer = await send(one.file, (percent) => {
      one.percent = percent;
      changed();
    });
    if (answer.id) {
      Object.assign(one, { id: answer.id, name: answer.name, thumbnail: answer.thumbnail, file: null });
    } else {
      one.failed = answer.text ?? say("file_failed");
    }
    changed();
    if (one.id) toast(say("file_kept", { name: one.name }));
    else if (answer.status === 401) loggedOut();
    else toast(one.failed, { bad: true });
  }

  function remove(one) {
    files = files.filter((other) => other !== one);
    changed();
    area.focus();
  }

  function changed() {
    field.value = files.filter((one) => one.id).map((one) => one.id).join(" ");
    area.required = !files.length;
    keep(key, files.filter((one) => one.id).map(({ id, name, thumbnail }) => ({ id, name, thumbnail })));
    tray.hidden = !files.length;
    tray.replaceChildren(...files.map(row));
  }

  function row(one) {
    const node = document.createElement("li");
    node.className = one.failed ? "chosen-file chosen-bad" : "chosen-file";
    if (one.thumbnail) node.append(Object.assign(new Image(32, 32), { src: one.thumbnail, alt: "" }));
    const name = document.createElement("bdi");
    name.textContent = one.name;
    const state = document.createElement("span");
    state.className = "quiet small";
    state.textContent = one.failed ?? (one.id ? "" : `${one.percent}%`);
    node.append(name, state);
    if (one.failed && one.file) node.append(button(say("file_retry"), say("file_retry"), () => upload(one)));
    node.append(button("×", say("file_remove", { name: one.name }), () => remove(one)));
    return node;
  }

  return {
    /** Whether every file is uploaded; tells the agent if not. */
    ready() {
      const bad = files.some((one) => one.failed);
      if (bad || files.some((one) => !one.id)) toast(say(bad ? "file_bad" : "file_wait"), { bad: true });
      return files.every((one) => one.id);
    },
    any: () => files.length > 0,
    clear() {
      files = [];
      changed();
    },
  };
}

function button(words, label, act) {
  const node = document.createElement("button");
  node.type = "button";
  node.className = "link-button";
  node.textContent = words;
  node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}

function send(file, progressed) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", ADDRESS);
    request.timeout = WAIT_MS;
    request.setRequestHeader("X-Fetch", "1");
    request.setRequestHeader("X-CSRF-Token", document.body.dataset.csrf);
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name.toWellFormed?.() ?? file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => progressed(Math.floor((event.loaded / event.total) * 100)));
    request.addEventListener("loadend", () => {
      try {
        done({ ...JSON.parse(request.responseText), status: request.status });
      } catch {
        done({ status: request.status });
      }
    });
    request.send(file);
  });
}

function keep(key, files) {
  try {
    if (files.length) localStorage.setItem(key, JSON.stringify(files));
    else localStorage.removeItem(key);
  } catch { /* private mode: the draft lives as long as the page */ }
}

function restore(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}
