// The news of the keeper, for every module of a page: listen("topic", (value, number) => …).
// One connection for each page that is looked at: browsers allow six per host, and a page that nobody looks at needs
// none. What happened meanwhile comes when it is looked at again: the stream goes on after the last number.
const { topics, after } = document.body.dataset;
const status = document.getElementById("status");
const listeners = new Map();
let number = Number(after);
let source = null;

export function listen(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, []);
  listeners.get(topic).push(listener);
  source?.addEventListener(topic, take);
}

/** Ask for an action; resolves to its answer, rejects with the sentence that says why not. */
export async function act(name, value = {}) {
  const answer = await fetch(`/actions/${name}`, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(value),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function take(event) {
  number = Number(event.lastEventId);
  for (const listener of listeners.get(event.type) ?? []) listener(JSON.parse(event.data), number);
}

function open() {
  if (source || document.hidden || !topics) return;
  source = new EventSource(`/stream?topics=${encodeURIComponent(topics)}&after=${number}`);
  source.addEventListener("open", () => { status.textContent = ""; });
  source.addEventListener("error", () => { status.textContent = "The server has stopped"; });
  for (const topic of listeners.keys()) source.addEventListener(topic, take);
}

function close() {
  source?.close();
  source = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
addEventListener("pagehide", close); // a page with an open stream would not be kept for "back"
addEventListener("pageshow", open);
// Not before the other modules of the page have said what they listen for.
addEventListener("DOMContentLoaded", open);
