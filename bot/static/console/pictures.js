// Pictures into an answer: pasted, dropped or chosen. The upload becomes Markdown where the caret was, with the words
// for those who do not see it selected, so that the author writes them next.
import { say } from "./words.js";
import { toast } from "./toasts.js";
import { loggedOut } from "./server.js";

const ADDRESS = "/console/knowledge/images";
const TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const WAIT_MS = 60_000;

/** Let pictures into this textarea; button, if there is one, opens the file dialogue. */
export function takePictures(area, button = null) {
  area.addEventListener("paste", (event) => take(area, event, event.clipboardData));
  area.addEventListener("drop", (event) => take(area, event, event.dataTransfer));
  area.addEventListener("dragover", (event) => {
    if ([...event.dataTransfer.items].some((item) => item.kind === "file")) event.preventDefault();
  });
  button?.addEventListener("click", () => choose(area));
}

function take(area, event, data) {
  const files = [...data.files];
  if (!files.length) return;
  event.preventDefault();
  if (files.length > 1) toast(say("picture_several"), { bad: true });
  else put(area, files[0]);
}

function choose(area) {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = TYPES.join(",");
  input.addEventListener("change", () => input.files[0] && put(area, input.files[0]));
  input.click();
}

async function put(area, file) {
  if (!TYPES.includes(file.type)) return toast(say("picture_unknown"), { bad: true });
  area.setAttribute("aria-busy", "true");
  toast(say("picture_uploading"));
  const answer = await send(file);
  area.removeAttribute("aria-busy");
  if (answer.source) insert(area, answer.source);
  else if (answer.status === 401) loggedOut();
  else toast(answer.text ?? say("failed"), { bad: true });
}

async function send(file) {
  try {
    const response = await fetch(ADDRESS, {
      method: "POST", body: file, signal: AbortSignal.timeout(WAIT_MS),
      headers: { "X-Fetch": "1", "X-CSRF-Token": document.body.dataset.csrf, "Content-Type": file.type },
    });
    return { ...(await response.json()), status: response.status };
  } catch {
    return { status: 0 };
  }
}

function insert(area, source) {
  const words = say("picture_alt");
  const begin = area.selectionStart;
  area.setRangeText(`![${words}](${source})`, begin, area.selectionEnd, "end");
  area.focus();
  area.setSelectionRange(begin + 2, begin + 2 + words.length);
  area.dispatchEvent(new Event("input", { bubbles: true }));
  toast(say("picture_kept"));
}
