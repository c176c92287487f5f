// Tables that can be narrowed: <input data-filters="id"> by text, buttons with data-kind below data-filters="id" by kind.
const tables = new Map();

function state(id) {
  if (!tables.has(id)) tables.set(id, { text: "", kinds: new Set() });
  return tables.get(id);
}

function apply(id) {
  const { text, kinds } = state(id);
  for (const row of document.querySelectorAll(`#${id} > tbody > tr`)) {
    const fits = row.textContent.toLowerCase().includes(text);
    row.hidden = !fits || (kinds.size > 0 && !kinds.has(row.dataset.kind));
  }
}

for (const input of document.querySelectorAll("input[data-filters]")) {
  input.addEventListener("input", () => {
    state(input.dataset.filters).text = input.value.trim().toLowerCase();
    apply(input.dataset.filters);
  });
}

for (const group of document.querySelectorAll(".choices[data-filters]")) {
  for (const button of group.querySelectorAll("button[data-kind]")) {
    button.addEventListener("click", () => {
      const { kinds } = state(group.dataset.filters);
      const on = kinds.delete(button.dataset.kind) === false;
      if (on) kinds.add(button.dataset.kind);
      button.setAttribute("aria-pressed", String(on));
      apply(group.dataset.filters);
    });
  }
}

// "/" leads to the filter, as in many lists.
document.addEventListener("keydown", (event) => {
  const field = document.querySelector("input[type=search]");
  if (event.key !== "/" || !field || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  field.focus();
});
