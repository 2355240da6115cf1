// Exponential backoff with full jitter: many pages that lost the same server do not come back in the same second.

const BASE_MS = 1000;
const CAP_MS = 30_000;

export function backoff(failures, random = Math.random) {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(failures, 10));
}
