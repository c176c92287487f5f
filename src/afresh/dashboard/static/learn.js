// The tour, one step at a time: the row, the stage and the variables of that moment.
import { track } from "./flow.js";

const rows = [...document.querySelectorAll("#told tbody tr")];
const stages = new Map([...document.querySelectorAll("#tour .stage")].map((stage) => [stage.dataset.stage, stage]));
const said = document.getElementById("at");
const walk = document.getElementById("walk");
let at = -1;

function go(to) {
  at = Math.max(0, Math.min(rows.length - 1, to));
  const row = rows[at];
  rows.forEach((other) => other.classList.toggle("is-here", other === row));
  for (const [name, stage] of stages) {
    const here = name === row.dataset.stage;
    stage.classList.toggle("is-active", here);
    if (here) stage.setAttribute("aria-current", "step");
    else stage.removeAttribute("aria-current");
  }
  track([{ variables: [...row.querySelectorAll(".variable")].map((cell) => cell.dataset.value) }]);
  said.textContent = `Step ${row.cells[0].textContent}: ${row.cells[2].textContent}, ${row.cells[4].textContent}`;
  document.getElementById("back").disabled = at === 0;
  document.getElementById("forth").disabled = at === rows.length - 1;
}

if (walk && rows.length) {
  walk.hidden = false;
  document.getElementById("back").addEventListener("click", () => go(at - 1));
  document.getElementById("forth").addEventListener("click", () => go(at + 1));
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, select") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowRight") go(at + 1);
    if (event.key === "ArrowLeft") go(at - 1);
  });
}
