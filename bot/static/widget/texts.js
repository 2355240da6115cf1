// The widget's words in the visitor's language, with fixed placeholders.

const FALLBACK = "zh-CN";

// The best of zh-CN, zh-TW and en for what the page asks for, or for what the browser prefers.
export function chooseLanguage(asked, preferred = navigator.languages ?? [navigator.language]) {
  const wishes = asked && asked !== "auto" ? [asked] : [...preferred, document.documentElement.lang];
  for (const wish of wishes) {
    const language = known(wish);
    if (language) return language;
  }
  return FALLBACK;
}

function known(tag) {
  const parts = String(tag ?? "").toLowerCase().split(/[-_]/);
  if (parts[0] === "en") return "en";
  if (parts[0] !== "zh") return null;
  return parts.some((part) => ["tw", "hk", "mo", "hant"].includes(part)) ? "zh-TW" : "zh-CN";
}

// say(key, values) -> the sentence; an unknown key is a mistake of ours and throws.
export async function loadTexts(server, language) {
  const response = await fetch(`${server}/chat/texts.json`, { credentials: "omit" });
  if (!response.ok) throw new Error(`texts.json answered ${response.status}.`);
  const words = (await response.json())[language];

  return function say(key, values = {}) {
    if (!(key in words)) throw new Error(`No text named ${key} in ${language}.`);
    return words[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  };
}
