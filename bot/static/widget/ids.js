// An id that the server uses to store a message once, however often it is sent. crypto.randomUUID is missing on
// plain http pages, getRandomValues is not.

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
