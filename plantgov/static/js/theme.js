// Runs in the head, before the first paint: the theme chosen here, else the system's.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => localStorage.getItem("pg-theme");
  const apply = () => root.setAttribute("data-bs-theme", chosen() || (system.matches ? "dark" : "light"));

  window.pgToggleTheme = () => {
    localStorage.setItem("pg-theme", root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark");
    apply();
    document.dispatchEvent(new CustomEvent("pg:theme"));
  };
  system.addEventListener("change", apply);
  apply();
})();
