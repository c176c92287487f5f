"use strict";
// Adds empty ingredient rows to the form, numbered as Django's formset expects.
(() => {
  const rows = document.querySelector(".rows");
  const total = rows.querySelector("[name$=TOTAL_FORMS]");
  const template = rows.querySelector("template");
  const button = rows.querySelector("[data-add-row]");

  button.hidden = false;
  button.addEventListener("click", () => {
    const holder = document.createElement("template");
    holder.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
    template.before(holder.content);
    total.value = Number(total.value) + 1;
    rows.querySelector(".row:last-of-type input:not([type=hidden])").focus();
  });
})();
