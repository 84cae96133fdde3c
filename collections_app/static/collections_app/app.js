/* Small manners of every page: theme, menus, toasts, htmx. Keys are in keys.js. Each page works without this file. */
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  /* Theme: a cookie, so that the server writes the right page at once. "auto" follows the system. */
  function chosenTheme() {
    return root.dataset.bsTheme || "auto";
  }
  function showTheme() {
    document.querySelectorAll("[data-theme-choice]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosenTheme()));
    });
  }
  function setTheme(choice) {
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = "theme=" + choice + ";path=/;max-age=31536000;samesite=lax" + secure;
    if (choice === "auto") delete root.dataset.bsTheme;
    else root.dataset.bsTheme = choice;
    showTheme();
    document.dispatchEvent(new CustomEvent("themechange"));
  }

  /* Toasts: the server says HX-Trigger: {"toast": {"text": "…", "tone": "ok"}}. */
  function toast(text, tone) {
    const box = document.getElementById("toasts");
    if (!box || !text) return;
    const note = document.createElement("div");
    note.className = "note note-" + (tone || "act");
    note.textContent = text;
    box.append(note);
    setTimeout(function () { note.remove(); }, 8000);
  }

  document.addEventListener("click", function (event) {
    const choice = event.target.closest("[data-theme-choice]");
    if (choice) setTheme(choice.dataset.themeChoice);
    document.querySelectorAll("details.menu[open], details.confirm[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  /* The telephone system says how a call ended: that outcome is chosen, unless somebody has chosen one. */
  function suggest() {
    const live = document.querySelector("[data-suggests]");
    if (!live || document.querySelector("input[name=outcome]:checked")) return;
    const radio = document.querySelector('input[name=outcome][value="' + live.dataset.suggests + '"]');
    if (radio) { radio.checked = true; radio.dispatchEvent(new Event("change", { bubbles: true })); }
  }

  /* htmx */
  document.addEventListener("toast", function (event) { toast(event.detail.text || event.detail.value, event.detail.tone); });
  document.addEventListener("htmx:afterSettle", function (event) {
    suggest();
    if (!event.target.querySelector) return;
    const wrong = event.target.querySelector("[aria-invalid=true]"), said = event.target.querySelector(".field-error, [role=alert]");
    if (wrong) wrong.focus();
    else if (said && document.activeElement === document.body) {   // the form that had the focus gave way to what is wrong with it
      const part = said.closest("fieldset, form") || said.parentElement;
      const first = part.querySelector("input:not([type=hidden]), select, textarea, button");
      if (first) first.focus({ preventScroll: true });
    }
  });
  /* A whole page where a fragment was asked for, or another address than asked: the session ended, or the server leads
     elsewhere. Go there, instead of putting a sign-in page into a box. */
  document.addEventListener("htmx:beforeSwap", function (event) {
    const answer = event.detail.xhr, asked = event.detail.pathInfo;
    if (!answer.responseURL || answer.status >= 400) return;
    const went = new URL(answer.responseURL, location.href);
    const meant = new URL(asked.finalRequestPath || asked.requestPath, location.href);
    const selects = event.detail.requestConfig.elt.closest("[hx-select], [hx-boost]");
    if (went.pathname !== meant.pathname || !selects && /^\s*<!doctype/i.test(answer.responseText)) {
      event.detail.shouldSwap = false;
      location.assign(went.href);
    }
  });
  /* What stands there for pages without scripts is text in a page that is loaded, but fields in one that is fetched:
     they would say that the page has none. */
  function withScripts(event) {
    if (event.target.querySelectorAll) event.target.querySelectorAll("noscript").forEach(function (spare) { spare.remove(); });
  }
  document.addEventListener("htmx:load", withScripts);
  document.addEventListener("htmx:afterSettle", withScripts);
  document.addEventListener("htmx:responseError", function () { toast(document.body.dataset.failed, "stop"); });
  document.addEventListener("htmx:sendError", function () { toast(document.body.dataset.offline, "stop"); });

  function ready() {
    showTheme();
    const wrong = document.querySelector("main [aria-invalid=true]");
    if (wrong && (document.activeElement === document.body || !document.activeElement)) wrong.focus();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
