// Keeps ages and countdowns current, in the same words as the server's.
(() => {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const words = (seconds, parts) => {
    const found = [];
    let left = Math.floor(seconds);
    for (const [size, unit] of units) {
      const amount = Math.floor(left / size);
      left %= size;
      if (amount || found.length) found.push(amount ? `${amount} ${unit}` : "");
    }
    return found.slice(0, 2).filter(Boolean).slice(0, parts).join(" ") || "0 s";
  };
  const moment = (element) => new Date(element.getAttribute("datetime")).getTime();
  const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  const ages = (now, text) => {
    for (const element of document.querySelectorAll("[data-pg-age]")) {
      const seconds = (now - moment(element)) / 1000;
      const pattern = seconds >= 0 ? text.pgAgo : text.pgAhead;
      say(element, Math.abs(seconds) < 1 ? text.pgNow : pattern.replace("%s", words(Math.abs(seconds), 1)));
    }
  };
  const countdowns = (now, text) => {
    for (const element of document.querySelectorAll("[data-pg-countdown]")) {
      const left = (moment(element) - now) / 1000;
      say(element, left > 0 ? text.pgLeft.replace("%s", words(left, 2)) : element.dataset.over);
      element.classList.toggle("pg-countdown-over", left <= 0);
    }
  };
  // The reader's clock may be wrong: the page says what the server's was.
  let offset = 0;
  const tick = () => {
    if (document.hidden) return;
    const now = Date.now() + offset;
    ages(now, document.body.dataset);
    countdowns(now, document.body.dataset);
  };
  document.addEventListener("DOMContentLoaded", () => {
    const server = Date.parse(document.body.dataset.pgClock || "");
    if (server) offset = server - Date.now();
    setInterval(tick, 1000);
  });
})();
