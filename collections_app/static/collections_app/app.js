/* Small manners of every page: theme, menus, keys, toasts. Each page works without this file. */
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

  /* Keys. An element names its own key: data-key="1", data-key="mod+enter", data-key="h" data-key-inside="ctrl+shift+h".
     A single letter acts only outside fields, never while an input method composes, never with AltGr, and not within
     400 ms after the page changed, so that a key meant for the case before cannot reach this one. */
  const OFF = "single-keys-off";
  let shownAt = performance.now();
  let off = false;
  try { off = localStorage.getItem(OFF) === "1"; } catch (e) { off = false; }

  function inField(target) {
    return target instanceof Element &&
      (target.isContentEditable || target.closest("textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit])") !== null);
  }
  function nameOf(event) {
    const key = event.key.toLowerCase();
    const parts = [];
    if (event.ctrlKey || event.metaKey) parts.push("mod");
    if (event.shiftKey && event.key.length > 1 || event.shiftKey && (event.ctrlKey || event.metaKey)) parts.push("shift");
    parts.push(key);
    return parts.join("+");
  }
  /* What lies in a closed <details> still has boxes in some browsers, and must not hear its key. */
  function visible(element) {
    const from = element.matches("summary") ? element.parentElement.parentElement : element;
    if (from.closest("details:not([open])")) return false;
    return element.getClientRects().length > 0 || element.type === "radio";
  }
  function act(element) {
    if (element.matches("input[type=radio], input[type=checkbox]")) {
      element.click();
      const part = element.dataset.needs && element.form.querySelector(".only-" + element.dataset.needs);
      const field = part && part.querySelector("input, select");
      (field || element).focus({ preventScroll: true });
    } else if (element.matches("input, textarea, select")) {
      element.focus();
    } else if (element.matches("form")) {
      element.requestSubmit();
    } else if (element.matches("summary")) {
      element.click();
      const first = element.parentElement.querySelector("[data-first]") || element.parentElement.querySelector("input:not([type=hidden]), textarea, select, button");
      if (first) first.focus();
    } else {
      element.click();
    }
  }
  function move(step) {
    const list = document.querySelector("[data-list]");
    if (!list) return false;
    const links = Array.from(list.querySelectorAll("[data-row]"));
    if (!links.length) return false;
    const here = links.indexOf(document.activeElement);
    const next = here < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(here + step, 0), links.length - 1);
    links[next].focus();
    links[next].scrollIntoView({ block: "nearest" });
    return true;
  }
  function openSheet() {
    const sheet = document.getElementById("keys");
    if (!sheet || sheet.open) return;
    const body = sheet.querySelector("tbody");
    body.querySelectorAll("[data-found]").forEach(function (row) { row.remove(); });
    document.querySelectorAll("[data-key][data-key-label]").forEach(function (element, place) {
      const row = body.insertRow(place);
      row.dataset.found = "";
      const key = row.insertCell().appendChild(document.createElement("kbd"));
      key.textContent = element.dataset.key.replace("mod", "Ctrl/⌘");
      row.insertCell().textContent = element.dataset.keyLabel;
    });
    sheet.querySelector("[data-single-keys]").checked = !off;
    sheet.showModal();
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || event.repeat) return;
    if (event.getModifierState && event.getModifierState("AltGraph") || event.altKey) return;
    const name = nameOf(event);
    const single = !(event.ctrlKey || event.metaKey);
    if (name === "escape") {
      document.querySelectorAll("details.menu[open], details.confirm[open]").forEach(function (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
      return;
    }
    if (single && (inField(event.target) || off || event.key.length > 1)) return;
    if (single && document.querySelector("dialog[open]")) return;
    if (single && name === "?") { event.preventDefault(); openSheet(); return; }
    if (single && (name === "j" || name === "k") && move(name === "j" ? 1 : -1)) { event.preventDefault(); return; }
    if (performance.now() - shownAt < 400) return;
    const element = Array.from(document.querySelectorAll("[data-key]")).find(function (candidate) {
      return (candidate.dataset.key === name || candidate.dataset.keyInside === name) && visible(candidate);
    });
    if (element) { event.preventDefault(); act(element); }
  });

  document.addEventListener("click", function (event) {
    const choice = event.target.closest("[data-theme-choice]");
    if (choice) setTheme(choice.dataset.themeChoice);
    if (event.target.closest("[data-open-keys]")) openSheet();
    document.querySelectorAll("details.menu[open], details.confirm[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-single-keys]")) {
      off = !event.target.checked;
      try { localStorage.setItem(OFF, off ? "1" : "0"); } catch (e) { /* storage refused: for this page only */ }
    }
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
    if (event.target.matches && event.target.matches("main, #desk")) shownAt = performance.now();
    const wrong = event.target.querySelector && event.target.querySelector("[aria-invalid=true]");
    if (wrong) wrong.focus();
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
  document.addEventListener("htmx:responseError", function () { toast(document.body.dataset.failed, "stop"); });
  document.addEventListener("htmx:sendError", function () { toast(document.body.dataset.offline, "stop"); });

  function ready() { showTheme(); }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
