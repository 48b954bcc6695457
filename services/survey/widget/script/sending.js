/* ---- sending: everything waits in a queue until the server has it; the submission id makes repeating harmless ---- */

const waiting = new Map();
let flushing = null, delay = 2000, timer = 0;

function post(path, body) {
  const id = uuid();
  store.set(QUEUE, [...(store.get(QUEUE) || []), { id, path, body }].slice(-50));
  return new Promise((resolve) => { waiting.set(id, resolve); flush(); });
}

function flush() {
  flushing ||= drain().finally(() => {
    flushing = null;
    // Something came while the last of it was going.
    if (waiting.size) flush();
  });
  return flushing;
}

async function drain() {
  for (;;) {
    const item = (store.get(QUEUE) || [])[0];
    if (!item) return;
    let answer = null;
    try {
      // A simple request: no preflight, and it survives the page being closed.
      const body = JSON.stringify(item.body);
      answer = await fetch(base + item.path, { method: "POST", body, keepalive: body.length < 6e4 });
    } catch { /* Offline. */ }
    const status = answer ? answer.status : 0;
    const again = status === 0 || status === 429 || status >= 500;
    const done = waiting.get(item.id);
    if (again) {
      // Whoever waits is told; what they sent waits here, in order.
      for (const told of waiting.values()) told({ status: 0 });
      waiting.clear();
      clearTimeout(timer);
      timer = setTimeout(flush, delay * (0.5 + Math.random()));
      delay = Math.min(delay * 2, 3e5);
      return;
    }
    delay = 2000;
    store.set(QUEUE, (store.get(QUEUE) || []).filter((other) => other.id !== item.id));
    waiting.delete(item.id);
    const told = { status, body: await answer.json().catch(() => ({})) };
    if (done) done(told);
    else if (onLate) onLate(item, told);
  }
}
let onLate = null;
addEventListener("online", flush);
