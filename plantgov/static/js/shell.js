// What every page does: dialogs, confirmations, toasts, copying, the theme switch, the first error.
(() => {
  const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

  // -- Dialogs: native ones, opened by data-pg-dialog="id" and closed by data-pg-close --
  const opener = new WeakMap();
  const open = (dialog, from) => {
    if (!dialog || dialog.open) return;
    opener.set(dialog, from || document.activeElement);
    dialog.showModal();
    dialog.querySelector("[aria-invalid='true'], [autofocus]")?.focus();
  };
  document.addEventListener("close", (event) => opener.get(event.target)?.focus?.(), true);
  document.addEventListener("click", (event) => {
    const button = closest(event, "[data-pg-dialog]");
    if (button && button.getAttribute("aria-disabled") !== "true") open(document.getElementById(button.dataset.pgDialog), button);
    if (closest(event, "[data-pg-close]")) closest(event, "dialog")?.close("cancel");
    if (event.target instanceof HTMLDialogElement && event.target.open) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside && event.clientX + event.clientY > 0) event.target.close("cancel");
    }
  });
  // A button that a rule blocks stays focusable, so that its reason can be read; it does nothing.
  document.addEventListener("click", (event) => {
    if (closest(event, "[aria-disabled='true']")) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);

  // -- Confirmation: data-pg-confirm on a form, hx-confirm on anything else --
  const ask = (question, label) => new Promise((answer) => {
    const dialog = document.getElementById("pg-confirm");
    dialog.querySelector("[data-pg-question]").textContent = question;
    const yes = dialog.querySelector("[data-pg-yes]");
    yes.textContent = label || yes.dataset.default;
    dialog.returnValue = "cancel";
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
    open(dialog);
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const by = event.submitter;
    const question = by?.dataset.pgConfirm || form.dataset.pgConfirm;
    if (!question || form.dataset.pgConfirmed) return;
    event.preventDefault();
    event.stopPropagation();
    if (!(await ask(question, by?.dataset.pgConfirmLabel || form.dataset.pgConfirmLabel))) return;
    form.dataset.pgConfirmed = "yes";
    form.requestSubmit(by);
    delete form.dataset.pgConfirmed;
  }, true);
  document.addEventListener("htmx:confirm", async (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    if (await ask(event.detail.question, event.detail.elt.dataset.pgConfirmLabel)) event.detail.issueRequest(true);
  });

  // -- Toasts --
  const toasts = () => document.getElementById("pg-toasts");
  const toast = (text, level = "info") => {
    const copy = document.getElementById("pg-toast-template").content.cloneNode(true);
    copy.querySelector("p").textContent = text;
    copy.firstElementChild.classList.add(`pg-toast-${level}`);
    toasts().append(copy);
  };
  document.addEventListener("click", (event) => {
    if (closest(event, "[data-pg-dismiss]")) closest(event, "[data-pg-toast]")?.remove();
  });
  const fade = () => {
    for (const item of document.querySelectorAll("[data-pg-toast]:is(.pg-toast-success, .pg-toast-info):not([data-pg-timed])")) {
      item.dataset.pgTimed = "";
      setTimeout(() => { if (!item.matches(":hover, :focus-within")) item.remove(); }, 8000);
    }
  };
  document.addEventListener("pg-toast", (event) => { toast(event.detail.text, event.detail.level); fade(); });
  document.addEventListener("htmx:sendError", () => toast(toasts().dataset.offline, "error"));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) toast(toasts().dataset.failed, "error");
  });
  // A session that ended while a page was polling leads to the sign-in page, not into the panel.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const login = document.body.dataset.pgLogin;
    if (login && new URL(event.detail.xhr.responseURL || location.href).pathname === login) {
      event.detail.shouldSwap = false;
      location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
  });

  // -- Copying, also where the browser gives no clipboard because the page came without TLS --
  const copy = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  };
  document.addEventListener("click", async (event) => {
    const button = closest(event, "[data-pg-copy]");
    if (!button) return;
    await copy(button.dataset.pgCopy || document.getElementById(button.dataset.pgCopyFrom)?.textContent || "");
    toast(toasts().dataset.copied, "success");
    fade();
  });

  document.addEventListener("click", (event) => {
    if (closest(event, "[data-pg-theme]")) window.pgToggleTheme();
    if (closest(event, "[data-pg-print]")) window.print();
  });

  // The drawer is a dialog only while it is open, and only then needs a name of its own.
  document.addEventListener("show.bs.offcanvas", (event) => event.target.setAttribute("aria-label", event.target.dataset.pgDrawer));
  document.addEventListener("hidden.bs.offcanvas", (event) => event.target.removeAttribute("aria-label"));

  // -- New content: errors take the focus, dialogs that the server opened open --
  const arrive = (root) => {
    const dialog = root.querySelector?.("dialog[data-pg-open]");
    if (dialog) open(dialog);
    else root.querySelector?.("form [aria-invalid='true']")?.focus();
    fade();
  };
  document.addEventListener("DOMContentLoaded", () => arrive(document));
  document.addEventListener("htmx:afterSettle", (event) => arrive(event.detail.elt));
})();
