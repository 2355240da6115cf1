// Builds nodes. Text only ever becomes a text node.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  chat: ["M12 3c5.2 0 9 3.5 9 8s-3.8 8-9 8c-1 0-2-.13-2.9-.38L4.6 20.6c-.5.2-1-.3-.86-.8l.94-3.3A7.6 7.6 0 0 1 3 11c0-4.5 3.8-8 9-8Z", "M8.2 11h.01M12 11h.01M15.8 11h.01"],
  down: ["m6 9.5 6 6 6-6"],
  close: ["m6.5 6.5 11 11M17.5 6.5l-11 11"],
  send: ["M12 19V5.5M6 11l6-6 6 6"],
  person: ["M4 13.5v-2a8 8 0 0 1 16 0v2", "M4 13.2h1.6c.8 0 1.4.6 1.4 1.4v2.6c0 .8-.6 1.4-1.4 1.4C4.7 18.6 4 17.9 4 17v-3.8Z", "M20 13.2h-1.6c-.8 0-1.4.6-1.4 1.4v2.6c0 .8.6 1.4 1.4 1.4.9 0 1.6-.7 1.6-1.6v-3.8Z", "M20 17c0 2.5-2 4-5 4h-1.5"],
  robot: ["M12 4.2V7M7.5 7h9A3.5 3.5 0 0 1 20 10.5v4a3.5 3.5 0 0 1-3.5 3.5h-9A3.5 3.5 0 0 1 4 14.5v-4A3.5 3.5 0 0 1 7.5 7Z", "M9 11.5v1.5M15 11.5v1.5"],
  check: ["m5.5 12.5 4.2 4.2 8.8-9"],
  alert: ["M12 8v5M12 16.3h.01", "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Z"],
  clock: ["M12 7.5V12l3 2", "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Z"],
  clip: ["m18.500 11-7 7a4.300 4.300 0 0 1-6.100-6.100l7.600-7.600a2.900 2.900 0 0 1 4.100 4.100l-7.500 7.500a1.400 1.400 0 0 1-2-2l6.400-6.400"],
  file: ["M6 3.500h8l4.500 4.500v12.500H6zM14 3.500V8h4.500"],
  offline: ["M4 4l16 16M8.5 15.5a5 5 0 0 1 6 -.6M5 11.8a10 10 0 0 1 4.5-2.5M14 9.2a10 10 0 0 1 5 2.6M12 19h.01"],
};

// element("button", {class: "x", onclick: fn, disabled: true}, "text", node): false, null and undefined are left out.
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else set(node, name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function set(node, name, value) {
  if (value === false || value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value === true ? "" : value)) {
    node.setAttribute(name, value === true ? "" : value);
  }
}

// Writes only what changed, so that a live region is not announced again and a selection is kept.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const line of ICONS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}
