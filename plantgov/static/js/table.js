// Selecting rows: the box in the head, the bar that appears, ranges with shift.
(() => {
  const rows = (table) => [...table.querySelectorAll("[data-pg-row]")];
  let last = null;

  const show = (table) => {
    const boxes = rows(table);
    const chosen = boxes.filter((box) => box.checked);
    const all = table.querySelector("[data-pg-all]");
    if (all) {
      all.checked = boxes.length > 0 && chosen.length === boxes.length;
      all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    }
    const bar = table.querySelector("[data-pg-bulk]");
    if (!bar) return;
    bar.hidden = chosen.length === 0;
    const count = bar.querySelector("[data-pg-count]");
    if (count) count.textContent = (count.dataset.pgCount || "%s").replace("%s", chosen.length);
  };
  const table = (element) => element.closest("[data-pg-table]");

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !table(box)) return;
    if (box.matches("[data-pg-all]")) rows(table(box)).forEach((row) => { row.checked = box.checked; });
    if (box.matches("[data-pg-all], [data-pg-row]")) show(table(box));
  });
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof Element)) return;
    if (box.matches("[data-pg-row]")) {
      const boxes = rows(table(box));
      const from = boxes.indexOf(last);
      if (event.shiftKey && from >= 0) {
        const [start, end] = [from, boxes.indexOf(box)].sort((a, b) => a - b);
        boxes.slice(start, end + 1).forEach((row) => { row.checked = box.checked; });
        show(table(box));
      }
      last = box;
    }
    if (box.closest("[data-pg-clear]")) {
      rows(table(box)).forEach((row) => { row.checked = false; });
      show(table(box));
    }
  });
  const arrive = () => document.querySelectorAll("[data-pg-table]").forEach(show);
  document.addEventListener("DOMContentLoaded", arrive);
  document.addEventListener("htmx:afterSettle", arrive);
})();
