// Keys: they never fire while writing, nor with a modifier, and can be switched off altogether.
(() => {
  const off = () => localStorage.getItem("pg-keys") === "off";
  const writing = (element) => element instanceof Element
    && (element.isContentEditable || element.matches("input, textarea, select, [role='textbox'], [role='menu'] *"));
  const help = () => document.getElementById("pg-keys");
  let going = 0;

  const rows = () => [...document.querySelectorAll("[data-pg-table] tbody tr")].filter((row) => row.querySelector("a"));
  const here = () => document.activeElement?.closest("[data-pg-table] tbody tr");
  const move = (step) => {
    const all = rows();
    const at = all.indexOf(here());
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    const link = next?.querySelector("a[data-pg-open], a");
    link?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const go = (key) => document.querySelector(`[data-pg-go~="${CSS.escape(key)}"]`)?.click();
  const filter = () => {
    const field = document.querySelector("[data-pg-filter]") || document.querySelector("[data-pg-search]");
    field?.focus();
    field?.select?.();
  };
  const actions = {
    "/": filter,
    "?": () => { if (!help().open) help().showModal(); },
    j: () => move(1),
    k: () => move(-1),
    x: () => here()?.querySelector("[data-pg-row]")?.click(),
    t: () => window.pgToggleTheme(),
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      const search = document.querySelector("[data-pg-search]");
      if (search && search.offsetParent) {
        event.preventDefault();
        search.focus();
      }
      return;
    }
    if (off() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (writing(event.target) || document.querySelector("dialog[open]")) return;
    if (Date.now() - going < 1500) {
      going = 0;
      go(event.key);
      event.preventDefault();
    } else if (event.key === "g") {
      going = Date.now();
    } else if (actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    }
  });

  const show = () => document.querySelectorAll("[data-pg-keys-switch]").forEach((box) => { box.checked = !off(); });
  document.addEventListener("change", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches("[data-pg-keys-switch]")) return;
    localStorage.setItem("pg-keys", event.target.checked ? "on" : "off");
    show();
  });
  document.addEventListener("DOMContentLoaded", show);
})();
