// The picture, the tracker and a row of the table, drawn from what the keeper tells.

/** A time as the server writes it. */
export function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms >= 59950) return `${Math.floor(ms / 60000)} min ${Math.floor((ms % 60000) / 1000)} s`;
  if (ms >= 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 999.5) return `${(ms / 1000).toFixed(2)} s`;
  return ms >= 9.95 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`;
}

export function clock(ms) {
  const at = new Date(ms);
  const two = (number) => String(number).padStart(2, "0");
  const rest = String(Math.floor(ms) % 1000).padStart(3, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${rest}`;
}

export function draw(now) {
  for (const stage of document.querySelectorAll(".flow .stage")) {
    const name = stage.dataset.stage;
    const error = now.errors[name] ?? "";
    const active = now.active.includes(name);
    stage.classList.toggle("is-active", active);
    stage.classList.toggle("is-error", error !== "");
    if (active) stage.setAttribute("aria-current", "step");
    else stage.removeAttribute("aria-current");
    const isMissing = now.took[name] === null && !active;
    stage.querySelector(".took").textContent = isMissing ? "not measured" : duration(now.took[name]);
    stage.querySelector(".error").textContent = error;
  }
}

/** Light the stages that something has just passed: most are over before a picture of them could be drawn. */
export function flash(names) {
  for (const stage of document.querySelectorAll(".flow .stage")) {
    if (!names.has(stage.dataset.stage)) continue;
    stage.classList.remove("is-passed");
    void stage.offsetWidth; // else the animation would not begin again
    stage.classList.add("is-passed");
  }
}

function fill(cell, value) {
  if (cell.dataset.value === value) return;
  cell.dataset.value = value;
  cell.firstElementChild.textContent = value;
  cell.classList.add("is-new");
  requestAnimationFrame(() => requestAnimationFrame(() => cell.classList.remove("is-new")));
}

function variable(value) {
  const cell = document.createElement("td");
  cell.className = "variable";
  cell.dataset.value = value;
  cell.append(document.createElement("code"));
  cell.firstElementChild.textContent = value;
  return cell;
}

export function track(lanes) {
  const table = document.getElementById("tracker");
  const body = table.tBodies[0];
  table.classList.toggle("is-several", lanes.length > 1);
  while (body.rows.length > lanes.length) body.deleteRow(-1);
  lanes.forEach((lane, index) => {
    let row = body.rows[index];
    if (!row) {
      row = body.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = index + 1;
      row.append(head, ...lane.variables.map(variable));
    }
    lane.variables.forEach((value, at) => fill(row.cells[at + 1], value));
  });
}

export function stepRow(step) {
  const row = document.createElement("tr");
  row.className = `step lane-${step.lane % 6}${step.is_error ? " is-error" : ""}`;
  row.dataset.stage = step.stage;
  row.dataset.lane = step.lane;
  const texts = [step.number, clock(step.at), step.action, step.details, step.result, duration(step.took)];
  texts.forEach((text, index) => {
    const cell = row.insertCell();
    if (index === 0 || index === 5) cell.className = "number";
    const inner = index === 1 ? "span" : index === 3 && step.request ? "a" : null;
    const place = inner ? cell.appendChild(document.createElement(inner)) : cell;
    place.textContent = text;
    if (inner === "span") place.className = "clock";
    if (inner === "a") place.href = `/requests/${step.request}`;
  });
  row.append(...step.variables.map(variable));
  return row;
}

