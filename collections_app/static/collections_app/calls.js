/* The call on the case page: what follows from an outcome stands in its fields; a stop or a hold is two keys away from
   anywhere and leaves what is being typed alone; what can be undone says so for as long as it can. The page works
   without this file. */
(function () {
  "use strict";
  const field = "textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit]):not([type=hidden])";
  let last = null, suggested = { note: "", action: "", at: "" };

  /* What an outcome writes by itself gives way to the next outcome; what somebody wrote does not. */
  function suggest(radio) {
    const folded = radio.closest("details");
    if (folded) folded.open = true;
    const form = radio.form, note = form.elements.note, action = form.elements.next_action, at = form.elements.next_at;
    if (note && (!note.value.trim() || note.value === suggested.note)) note.value = radio.dataset.note || "";
    else if (note && suggested.note && note.value.startsWith(suggested.note)) note.value = (radio.dataset.note || "") + note.value.slice(suggested.note.length);
    if (action && at && action.value === suggested.action && at.value === suggested.at) {
      action.value = radio.dataset.then || "";
      at.value = radio.dataset.thenAt || "";
    }
    suggested = { note: radio.dataset.note || "", action: action ? action.value : "", at: at ? at.value : "" };
  }
  document.addEventListener("change", function (event) {
    if (event.target.matches("#call-form input[name=outcome]")) suggest(event.target);
  });
  document.addEventListener("focus", function (event) {
    if (event.target.matches && event.target.matches("#call-form textarea[name=note]") && event.target.value === suggested.note) {
      event.target.setSelectionRange(event.target.value.length, event.target.value.length);
    }
    if (event.target.matches && event.target.matches(field) && !event.target.closest("[data-quick]")) {
      last = event.target;
    }
  }, true);

  /* While the menu of stops and holds is open its letters come first, whatever else they mean on the page. */
  document.addEventListener("keydown", function (event) {
    const menu = document.querySelector("details[data-quick][open]");
    if (!menu || event.defaultPrevented || event.repeat || event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1 || event.target.matches(field)) return;
    const keys = window.workKeys;
    const pressed = event.key.toLowerCase(), asked = keys && keys.given ? keys.given(pressed) || pressed : pressed;
    const button = Array.from(menu.querySelectorAll("[data-key]:not(summary)")).find(function (one) { return one.dataset.key === asked; });
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    button.click();
  }, true);
  /* Escape, or what was asked is in force: back to where the cursor was, with its place in the text. */
  function back() {
    if (!last || !last.isConnected) return;
    const at = last.selectionStart;
    last.focus({ preventScroll: true });
    try { last.setSelectionRange(at, at); } catch (e) { /* a field without a cursor */ }
  }
  document.addEventListener("toggle", function (event) {
    const menu = event.target;
    if (!menu.matches || !menu.matches("details[data-quick]")) return;
    if (menu.open) menu.dataset.from = document.activeElement && document.activeElement.matches(field) || last ? "field" : "";
  }, true);
  document.addEventListener("htmx:afterRequest", function (event) {
    if (!event.detail.elt.matches("[data-quick-form]") || !event.detail.successful) return;
    const menu = event.detail.elt.closest("details");
    menu.open = false;
    back();
  });

  /* What must be said is ticked one by one: a tick that is given while another is on its way waits for it. The same one
     again means the next, as its key does. */
  const ticks = [];
  document.addEventListener("click", function (event) {
    const form = event.target.closest && event.target.closest("#script-said form");
    const busy = form && document.querySelector("#script-said form.htmx-request");
    if (!busy) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ticks.push(form === busy ? "" : form.elements.rule.value);
  }, true);
  document.addEventListener("htmx:afterRequest", function (event) {
    if (!event.detail.elt.closest("#script-said") && event.detail.target.id !== "script-said") return;
    if (!event.detail.successful) ticks.length = 0;
    else if (ticks.length) setTimeout(function () { tick(ticks.shift()); }, 0);
  });
  function tick(rule) {
    const forms = Array.from(document.querySelectorAll("#script-said form"));
    const meant = forms.find(function (form) { return rule ? form.elements.rule.value === rule : form.querySelector("[data-key]"); });
    if (meant) meant.querySelector("button").click();
  }

  /* Whoever records or ends a call leaves it: what the line says while that is on its way, and after, leads nowhere, or
     it would load this page again in place of the next one. */
  function leaves(event) {
    const live = document.getElementById("call-live"), asked = event.detail && event.detail.requestConfig;
    if (live && (!asked || asked.verb !== "get")) live.dataset.left = "";
  }
  document.addEventListener("submit", function (event) { if (!event.defaultPrevented) leaves(event); });
  document.addEventListener("htmx:beforeRequest", leaves);
  document.addEventListener("htmx:afterRequest", function (event) {
    const live = document.getElementById("call-live"), answer = event.detail.xhr;
    if (live && event.detail.requestConfig.verb !== "get" && !answer.getResponseHeader("HX-Redirect")) delete live.dataset.left;
  });
  document.addEventListener("htmx:beforeOnLoad", function (event) {
    const asked = event.detail.elt;
    if (asked.id === "call-live" && ("left" in asked.dataset || !asked.isConnected)) event.preventDefault();
  });

  /* Without scripts one form takes along what was typed and ticked in the call, whatever is pressed. With them each part
     is sent alone, and nothing else on the page moves. */
  function apart() {
    document.querySelectorAll("[data-apart][form]").forEach(function (part) {
      ["form", "formaction", "formnovalidate"].forEach(function (name) { part.removeAttribute(name); });
    });
  }
  document.addEventListener("htmx:load", apart);
  document.addEventListener("htmx:afterSettle", apart);
  document.addEventListener("htmx:oobAfterSwap", apart);

  /* The bar that undoes goes when its time is over. */
  function watch() {
    const bar = document.getElementById("undo-bar");
    if (!bar || bar.dataset.watched) return;
    bar.dataset.watched = "1";
    setTimeout(function () { bar.remove(); }, Number(bar.dataset.undoMs));
  }
  document.addEventListener("htmx:afterSettle", watch);
  document.addEventListener("htmx:oobAfterSwap", watch);
  document.addEventListener("undooffered", watch);
  function ready() {
    apart();
    watch();
    const chosen = document.querySelector("#call-form input[name=outcome]:checked");
    if (chosen) suggest(chosen);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
