// An answer's blocks as nodes (docs/protocol.md, "Blocks"). Text only ever becomes a text node, and an address is
// looked at once more before it is followed or loaded.

import { element } from "./dom.js";

const FOLLOWED = ["http:", "https:", "mailto:", "tel:"];
const LOADED = ["http:", "https:"];

// server: the chat's own address, below which a path stands.
export function makeBlocks(blocks, server) {
  return blocks.map((block) => makeBlock(block, server)).filter(Boolean);
}

function makeBlock(block, server) {
  const kind = block.apart ? "apart" : null;
  if (block.kind === "paragraph") return element("p", { class: kind }, ...makeInlines(block.inlines, server));
  if (block.kind === "list") return makeList(block, server, kind);
  if (block.kind === "table") return makeTable(block, server, kind);
  return null;
}

function makeList(list, server, kind = null) {
  const items = list.items.map((item) =>
    element("li", {}, ...makeInlines(item.inlines, server), item.nested && makeList(item.nested, server)));
  const start = list.ordered && list.first !== 1 && list.first;
  return element(list.ordered ? "ol" : "ul", { class: kind, start }, ...items);
}

function makeTable(table, server, kind) {
  const row = (cells, tag) => element("tr", {}, ...cells.map((cell) => element(tag, {}, ...makeInlines(cell, server))));
  const head = element("thead", {}, row(table.head, "th"));
  const body = element("tbody", {}, ...table.rows.map((cells) => row(cells, "td")));
  // A wide table scrolls by itself, with the keyboard too.
  return element("div", { class: kind ? `grid ${kind}` : "grid", tabindex: "0" }, element("table", {}, head, body));
}

function makeInlines(inlines, server) {
  return inlines.map((one) => makeInline(one, server)).filter((one) => one !== null);
}

function makeInline(one, server) {
  if (one.kind === "text") return one.text;
  if (one.kind === "break") return element("br");
  if (one.kind === "bold") return element("strong", {}, ...makeInlines(one.inlines, server));
  if (one.kind === "link") return makeLink(one.href, server, makeInlines(one.inlines, server));
  if (one.kind === "image") return makePicture(one, server);
  return null;
}

function makeLink(address, server, children) {
  const href = checked(address, server, FOLLOWED);
  if (!href) return element("span", {}, ...children);
  const outside = href.startsWith("http") && { target: "_blank", rel: "noopener noreferrer nofollow" };
  return element("a", { href, ...outside }, ...children);
}

// The box has its size before the picture is there; a tap shows the picture whole.
function makePicture(image, server) {
  const source = checked(image.source, server, LOADED);
  if (!source) return image.alt;
  const shape = image.width ? { width: image.width, height: image.height } : { class: "unsized" };
  const picture = element("img", {
    src: source, alt: image.alt, loading: "lazy", decoding: "async", referrerpolicy: "no-referrer", ...shape,
  });
  return makeLink(image.source, server, [picture]);
}

function checked(address, server, protocols) {
  try {
    const url = new URL(address, server);
    return protocols.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
