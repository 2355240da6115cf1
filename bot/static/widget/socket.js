// One WebSocket from hello to its end.

const WELCOME_MS = 6000;

// Resolves with a session {kind, send(frame) -> bool, close(), ended} once the server has said welcome.
export function openSocket({ server, hello, receive }) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${server.replace(/^http/, "ws")}/chat/ws`);
    let welcomed = false;
    let refusal = null;
    let finish;
    const ended = new Promise((done) => (finish = done));
    const timer = setTimeout(end, WELCOME_MS);
    const session = { kind: "socket", send, close: end, ended };

    // A socket whose network is gone reports its close only minutes later, so nobody waits for it.
    function end() {
      clearTimeout(timer);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
      if (welcomed) finish();
      else reject(refusal ?? new Error("The WebSocket did not come up."));
    }

    function send(frame) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(frame));
      return true;
    }

    socket.onopen = () => send(hello());
    socket.onclose = end;
    socket.onmessage = ({ data }) => {
      const frame = parseFrame(data);
      if (!frame) return;
      receive(frame);
      if (welcomed) return;
      if (frame.type === "error") {
        refusal = new Refusal(frame);
        end();
      } else if (frame.type === "welcome") {
        welcomed = true;
        clearTimeout(timer);
        resolve(session);
      }
    };
  });
}

// The server was reached and said no; frame is its error frame.
export class Refusal extends Error {
  constructor(frame) {
    super(`The chat server answered ${frame.code}.`);
    this.frame = frame;
  }
}

function parseFrame(data) {
  try {
    const frame = JSON.parse(data);
    return frame && typeof frame.type === "string" ? frame : null;
  } catch {
    return null;
  }
}
