// The files of a message: pictures by their thumbnail, whose place is kept free, everything else as a row to save.

import { element, icon } from "./dom.js";

const SIDE = 220;

export function makeAttachments(items, say) {
  return element("ul", { class: "files", "aria-label": say("files") }, ...items.map((item) => element("li", {}, view(item, say))));
}

function view(item, say) {
  const link = { href: item.url, target: "_blank", rel: "noopener noreferrer" };
  if (!item.thumbnail) {
    return element("a", { ...link, class: "file", download: item.name }, icon("file"),
      element("span", { class: "file-words" }, element("bdi", {}, item.name), element("small", {}, sizeWords(item.size))));
  }
  const scale = Math.min(1, SIDE / item.width, SIDE / item.height);
  const size = { width: Math.max(24, Math.round(item.width * scale)), height: Math.max(24, Math.round(item.height * scale)) };
  return element("a", { ...link, class: "picture", "aria-label": say("file_open", { name: item.name }) },
    element("img", { src: item.thumbnail, alt: "", referrerpolicy: "no-referrer", ...size }));
}

export function sizeWords(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const kilo = bytes / 1024;
  return kilo < 1000 ? `${Math.ceil(kilo)} KB` : `${(kilo / 1024).toFixed(1)} MB`;
}
