import { listen } from "./dashboard.js";

const answering = document.getElementById("answering");
const rows = document.getElementById("generations");

listen("state", (state) => {
  answering.textContent = state.generation ? `generation ${state.generation}` : "nothing yet";
});

listen("generation", (generation) => {
  const row = rows.insertRow(0);
  for (const key of ["number", "way", "place", "reason", "milliseconds"]) {
    const cell = row.insertCell();
    cell.textContent = generation[key];
    if (key === "milliseconds") cell.className = "number";
  }
});
