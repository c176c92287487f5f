// Buttons that have the keeper do something: <button data-act="name">, also those that come later.
import { act } from "./dashboard.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button) return;
  button.disabled = true;
  try {
    await act(button.dataset.act);
  } catch (error) {
    document.getElementById("status").textContent = error.message;
  }
  button.disabled = false;
});
