"use strict";
// Asks whether the failure is still the one shown here. A request that arrives during a reload is held by the server,
// so an answer is always that of the newest code. Nothing runs while the page is hidden. Where the live reload's script is
// in the page, it says when to ask; else it is asked from time to time.
(() => {
  const { failure, header, poll, wait, waiting, elapsed, follows } = document.body.dataset;
  const status = document.getElementById("status");
  const PERIOD = 2000; // milliseconds between two questions, while the page is visible
  let timer = 0;
  let asking = false;
  let again = false; // something has changed while it was being asked
  let over = false;

  const say = (text) => { if (status.textContent !== text) status.textContent = text; };

  async function current() {
    // Redirects are not followed: one means that the application answers again, and it may lead to another origin.
    const answer = await fetch(location.href, {
      method: "HEAD", cache: "no-store", redirect: "manual", headers: { [poll]: "1" },
    });
    return answer.headers.get(header);
  }

  async function ask() {
    clearTimeout(timer);
    if (over || document.hidden) return;
    if (asking) { again = true; return; }
    asking = true;
    again = false;
    try {
      if ((await current()) !== failure) return recovered();
      say(waiting);
    } catch {
      say("The server does not answer");
    } finally {
      asking = false;
    }
    if (again) return ask();
    if (!document.hidden && follows === "no") timer = setTimeout(ask, PERIOD);
  }

  function recovered() {
    over = true;
    if (wait === "yes") return location.reload();
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Send the request again";
    again.addEventListener("click", () => location.reload());
    status.replaceChildren("The code has changed.", again);
  }

  function copied(button, done) {
    button.textContent = done ? "Copied" : "Selected: press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy as text"; }, 2500);
  }

  function select(element) {
    getSelection().selectAllChildren(element);
    element.focus();
  }

  function offerCopy() {
    const button = document.getElementById("copy");
    const text = document.getElementById("text");
    if (!button) return;
    button.hidden = false;
    // The clipboard is missing where the page is neither on https nor on a loopback name.
    button.addEventListener("click", () => {
      const written = navigator.clipboard ? navigator.clipboard.writeText(text.textContent) : Promise.reject();
      written.then(() => copied(button, true), () => { select(text); copied(button, false); });
    });
  }

  function countSeconds() {
    const place = document.getElementById("elapsed");
    if (!place) return;
    const began = performance.now() - 1000 * Number(elapsed);
    const show = () => { place.textContent = `${Math.floor((performance.now() - began) / 1000)} s so far`; };
    place.hidden = false;
    show();
    setInterval(() => { if (!document.hidden) show(); }, 1000);
  }

  offerCopy();
  if (!failure) return; // the answer to one request: to ask for it again would be another
  countSeconds();
  say(waiting);
  addEventListener("afresh:change", (event) => {
    event.preventDefault();
    ask();
  });
  for (const [target, event] of [[document, "visibilitychange"], [window, "focus"], [window, "pageshow"]]) {
    target.addEventListener(event, ask);
  }
  if (follows === "no") timer = setTimeout(ask, PERIOD);
})();
