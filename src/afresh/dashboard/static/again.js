// A page that is made by the server alone: another is asked for when there is news, and put in the place of this one.
import { listen } from "./dashboard.js";

let timer = 0;

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  const at = document.activeElement?.id;
  document.getElementById("main").replaceChildren(...fresh.childNodes);
  if (at) document.getElementById(at)?.focus();
}

for (const topic of document.body.dataset.topics.split(",")) {
  listen(topic, () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, 200);
  });
}
