// The same protocol over plain HTTP, for networks that let no WebSocket through.

import { Refusal } from "./socket.js";

const WAIT_S = 25;
const ANSWER_MS = 15_000;
const EMPTY_PAUSE_MS = 1000;

// Resolves with a session {kind, send(frame) -> bool, close(), ended} once the server has said welcome.
export async function openPolling({ server, hello, token, after, receive }) {
  const stop = new AbortController();
  const address = `${server}/chat/frames`;
  let finish;
  const ended = new Promise((done) => (finish = done));
  const session = { kind: "polling", send, close, ended };

  function close() {
    stop.abort();
    finish();
  }

  function send(frame) {
    if (stop.signal.aborted) return false;
    post(frame).catch(close);
    return true;
  }

  async function post(frame) {
    const body = JSON.stringify(frame);
    const answer = await ask(address, { method: "POST", body }, ANSWER_MS);
    answer.frames.forEach(receive);
    return answer;
  }

  async function poll() {
    while (!stop.signal.aborted) {
      const known = after();
      const answer = await ask(`${address}?after=${known}&wait=${WAIT_S}`, {}, WAIT_S * 1000 + ANSWER_MS);
      answer.frames.map(stateOnly).forEach(receive);
      if (!answer.ok) throw new Error(`The chat server answered ${answer.status}.`);
      if (after() === known && answer.quick) await pause(EMPTY_PAUSE_MS);
    }
  }

  async function ask(url, request, limit) {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), limit);
    const abort = () => timeout.abort();
    stop.signal.addEventListener("abort", abort);
    const started = performance.now();
    try {
      const init = { ...request, headers: headers(request), credentials: "omit", cache: "no-store" };
      const response = await fetch(url, { ...init, signal: timeout.signal });
      const frames = framesOf(await response.json());
      if (!frames) throw new Error(`The chat server answered ${response.status} and no frames.`);
      return { ok: response.ok, status: response.status, frames, quick: performance.now() - started < 1000 };
    } finally {
      clearTimeout(timer);
      stop.signal.removeEventListener("abort", abort);
    }
  }

  function headers(request) {
    const known = token();
    return {
      ...(request.body && { "Content-Type": "application/json" }),
      ...(known && { Authorization: `Bearer ${known}` }),
    };
  }

  const answer = await post(hello());
  if (!answer.frames.some((frame) => frame.type === "welcome")) {
    throw new Refusal(answer.frames.find((frame) => frame.type === "error") ?? { code: String(answer.status) });
  }
  poll().catch(close);
  return session;
}

// Errors come as one error frame, everything else as a list of frames.
function framesOf(body) {
  if (Array.isArray(body?.frames)) return body.frames;
  return body?.type === "error" ? [body] : null;
}

// Each answer to a poll begins with the welcome of when the poll began; by now the page may know more messages
// than that, so that only its state is of use.
function stateOnly(frame) {
  return frame.type === "welcome" ? { type: "state", ...frame.state } : frame;
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
