"use strict";
// Scales the amounts of a recipe to the number of servings.
(() => {
  const FRACTIONS = [[0.25, "¼"], [1 / 3, "⅓"], [0.5, "½"], [2 / 3, "⅔"], [0.75, "¾"]];
  const box = document.querySelector(".servings");
  const original = Number(box.dataset.servings);
  let servings = original;

  function written(amount) {
    if (amount >= 20) return String(Math.round(amount));
    const whole = Math.floor(amount + 0.02);
    const rest = amount - whole;
    if (Math.abs(rest) < 0.03) return String(whole);
    const fraction = FRACTIONS.find(([value]) => Math.abs(value - rest) < 0.03);
    return fraction ? `${whole || ""}${fraction[1]}` : String(Math.round(amount * 10) / 10);
  }

  function show() {
    box.querySelector("output").textContent = servings === 1 ? "1 serving" : `${servings} servings`;
    box.querySelector("[data-step='-1']").disabled = servings === 1;
    for (const place of document.querySelectorAll("[data-amount]")) {
      place.textContent = written(Number(place.dataset.amount) * servings / original);
    }
  }

  box.hidden = false;
  for (const button of box.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      servings = Math.max(1, servings + Number(button.dataset.step));
      show();
    });
  }
})();
