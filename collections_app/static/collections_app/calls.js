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
    watch();
    const chosen = document.querySelector("#call-form input[name=outcome]:checked");
    if (chosen) suggest(chosen);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
