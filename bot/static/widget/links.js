// Finds what can be followed in plain text: web addresses and Chinese service or mobile numbers. It returns pieces;
// the view makes nodes of them, so nothing a person typed is ever read as markup.

const CANDIDATE = new RegExp(
  [
    // Ends at a blank, a quote, or Chinese text and punctuation, which follow an address without a space.
    "https?:\\/\\/[^\\s<>\"'\\u3000-\\u303f\\u3400-\\u9fff\\uff00-\\uffef\\u2018-\\u201f]+",
    "400[- ]?\\d{3}[- ]?\\d{4}",
    "400[- ]\\d{4}[- ]\\d{3}",
    "(?:\\+86[- ]?)?1[3-9]\\d[- ]?\\d{4}[- ]?\\d{4}",
  ].join("|"),
  "gi",
);
const TRAILING = /[.,;:!?'"*_~)\]}]+$/;

// Pieces {text, href?} that together are the text.
export function findLinks(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const found = /^http/i.test(match[0]) ? webAddress(match[0]) : phone(match[0], text, match.index);
    if (!found) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push(found);
    end = match.index + found.text.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

function webAddress(candidate) {
  const text = trimmed(candidate);
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? { text, href: url.href } : null;
  } catch {
    return null;
  }
}

// Without the punctuation that ends a sentence, but with a closing bracket that belongs to the address.
function trimmed(candidate) {
  const text = candidate.replace(TRAILING, "");
  const opens = text.split("(").length - text.split(")").length;
  return opens > 0 && candidate[text.length] === ")" ? candidate.slice(0, text.length + 1) : text;
}

// Not a piece of a longer number, such as an order number.
function phone(candidate, text, index) {
  const before = text[index - 1] ?? "";
  const after = text[index + candidate.length] ?? "";
  if (/[\w.+-]/.test(before) || /[\w]/.test(after)) return null;
  return { text: candidate, href: `tel:${candidate.replace(/[^\d+]/g, "")}` };
}
