// In-place edit of the plan's table: Esc leaves a field, a new word replaces the old one.
(() => {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.target.closest(".in-place")?.querySelector("[data-leaves]")?.click();
  });

  // What was said under a row goes when the row is drawn anew.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const row = event.detail.target;
    if (!row?.matches?.("tr[id]")) return;
    while (row.nextElementSibling?.matches(".said")) row.nextElementSibling.remove();
  });
})();
