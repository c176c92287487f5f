"use strict";
// Searches while typing: the server sends the results as a fragment, the address bar follows.
(() => {
  const form = document.querySelector("form[data-live]");
  const results = document.querySelector(form.dataset.live);
  const field = form.querySelector("input[type=search]");
  const QUIET = 180; // milliseconds without a keystroke before a search
  let timer = 0;
  let running = null;

  async function search() {
    clearTimeout(timer);
    running?.abort();
    running = new AbortController();
    const query = new URLSearchParams(new FormData(form));
    if (!field.value.trim()) query.delete("q");
    const address = query.size ? `?${query}` : location.pathname;
    try {
      const answer = await fetch(address, { headers: { "X-Fragment": "1" }, signal: running.signal });
      if (!answer.ok) return form.submit();
      results.innerHTML = await answer.text();
      history.replaceState(null, "", address);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, QUIET); });
  form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
})();
