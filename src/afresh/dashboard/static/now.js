import { listen } from "./dashboard.js";
import { draw, duration, flash, stepRow, track } from "./flow.js";

const MOST_ROWS = 300;
const body = document.querySelector("#steps tbody");
const frame = body.closest(".scroll");
const skipped = document.getElementById("skipped");
let waiting = []; // batches since the last frame: under load many come in one
let now = null;
let ticking = 0;

function atEnd() {
  return frame.scrollHeight - frame.scrollTop - frame.clientHeight < 40;
}

function paint() {
  const follow = atEnd();
  const steps = waiting.flatMap((batch) => batch.steps).slice(-MOST_ROWS);
  waiting = [];
  const rows = steps.map(stepRow);
  for (const row of rows) row.classList.add("is-new");
  body.append(...rows);
  while (body.rows.length > MOST_ROWS) body.deleteRow(0);
  markLanes();
  draw(now);
  flash(new Set(steps.map((step) => step.stage)));
  track(now.lanes);
  skipped.textContent = now.skipped
    ? `${now.skipped} requests were answered and not recorded: there were too many at once.` : "";
  if (follow) frame.scrollTop = frame.scrollHeight;
  tick();
}

function markLanes() {
  body.parentElement.classList.toggle("several-lanes", body.querySelector('tr:not([data-lane="0"])') !== null);
}

/** While a request is being answered, its stage counts. */
function tick() {
  clearTimeout(ticking);
  const open = now?.lanes.map((lane) => lane.request).filter(Boolean) ?? [];
  if (!open.length) return;
  for (const [name, since] of [["process", "received"], ["send", "processed"]]) {
    const begun = open.filter((one) => (name === "send") === one.processed > 0).map((one) => one[since]);
    const stage = document.querySelector(`.stage[data-stage="${name}"] .took`);
    if (begun.length) stage.textContent = duration(Math.max(0, Date.now() - Math.min(...begun)));
  }
  ticking = setTimeout(tick, 100);
}

listen("steps", (batch) => {
  if (!waiting.length) requestAnimationFrame(paint);
  waiting.push(batch);
  now = batch.now;
});

listen("state", (state) => {
  const where = document.getElementById("where");
  const host = state.host.includes(":") ? `[${state.host}]` : state.host;
  const link = document.createElement("a");
  link.href = link.textContent = `http://${host}:${state.port}/`;
  link.target = "_blank";
  link.rel = "noreferrer";
  where.replaceChildren(link, ` · generation ${state.generation}`);
});

frame.scrollTop = frame.scrollHeight;
markLanes();
