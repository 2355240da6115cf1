// The sentences that scripts say; the page brings them in its language.
const sentences = JSON.parse(document.getElementById("texts").textContent);

/** say("updates", {count: 2}) */
export function say(key, values = {}) {
  return sentences[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
