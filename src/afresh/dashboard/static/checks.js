import { act, listen } from "./dashboard.js";

const button = document.getElementById("migrate");
const output = document.getElementById("output");

function line(said) {
  if ("command" in said) return `$ ${said.command}`;
  if ("status" in said) return said.status === 0 ? "Done." : `Ended with status ${said.status}.`;
  return said.text;
}

listen("migrate", (said) => {
  if ("command" in said) output.textContent = "";
  output.hidden = false;
  output.append(`${output.textContent ? "\n" : ""}${line(said)}`);
  output.scrollTop = output.scrollHeight;
  button.disabled = !("status" in said);
  // What is applied now is asked for anew; the output stays to be read.
  if ("status" in said) refresh("migrations");
});

listen("checks", () => refresh("checks"));

async function refresh(id) {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
  document.getElementById(id).replaceChildren(...fresh.childNodes);
}

button.closest("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    await act("migrate");
  } catch (error) {
    document.getElementById("status").textContent = error.message;
    button.disabled = false;
  }
});
