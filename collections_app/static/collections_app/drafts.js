/* What is typed in a form of a case stays until it is saved: through a reload, the end of the session, a lost connection.
   A form says whose and what it is: data-draft="C-7F3K9X:note". It is kept in this tab alone, for the user who typed it
   (data-user of the body), and shown again in the same form of the same case. It goes when the server says that it is
   saved, when somebody else signs in, at signing out in any tab, and after twelve hours. Hidden fields, passwords and
   files are never kept, and nothing that stands outside such a form. The page works without this file. */
(function () {
  "use strict";
  const PREFIX = "draft:", LONGEST_MS = 12 * 60 * 60 * 1000;
  const fields = "textarea, select, input:not([type=hidden]):not([type=password]):not([type=file]):not([type=submit])";
  const user = document.body.dataset.user || "";
  let store = null;
  try { store = window.sessionStorage; store.getItem(PREFIX); } catch (e) { return; }
  const offered = new WeakSet();   // fields that were given what is kept of them: whoever types in one is not overruled
  const waiting = new Set();       // forms in which something was typed that is not kept yet
  const others = "BroadcastChannel" in window ? new BroadcastChannel("drafts") : null;

  function names() {
    return Object.keys(store).filter(function (name) { return name.startsWith(PREFIX); });
  }
  function read(name) {
    try { return JSON.parse(store.getItem(name)); } catch (e) { return null; }
  }
  function write(name, draft) {
    try { store.setItem(name, JSON.stringify(draft)); } catch (e) { /* full, or not allowed: what is typed stays in its field */ }
  }
  function nameOf(form) { return PREFIX + user + ":" + form.dataset.draft; }
  function forget(all) { names().forEach(function (name) { if (all || !name.startsWith(PREFIX + user + ":")) store.removeItem(name); }); }

  function changed(field) {
    if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return Array.from(field.options).some(function (one, at) { return one.selected !== (one.defaultSelected || !field.querySelector("option[selected]") && at === 0); });
    return field.value !== field.defaultValue;
  }
  function keep(form) {
    waiting.delete(form);
    if (!user || !form.isConnected) return;
    const typed = {};
    form.querySelectorAll(fields).forEach(function (field) {
      if (!field.name || !changed(field)) return;
      if (field.type === "radio") { if (field.checked) typed[field.name] = field.value; }
      else typed[field.name] = field.type === "checkbox" ? field.checked : field.value;
    });
    if (Object.keys(typed).length) write(nameOf(form), { at: Date.now(), typed: typed, sent: false });
    else store.removeItem(nameOf(form));
  }
  /* Only what is new on the page: a fragment that arrives while somebody types brings no earlier text back. */
  function fill(form, typed) {
    const all = Array.from(form.querySelectorAll(fields)).filter(function (field) { return !offered.has(field); });
    all.forEach(function (field) { offered.add(field); });
    let done = false;
    function put(field) {
      if (!(field.name in typed)) return;
      const value = typed[field.name];
      if (field.type === "radio") {
        if (field.value !== value || field.checked) return;
        field.checked = true;
        field.dispatchEvent(new Event("change", { bubbles: true }));
      } else if (field.type === "checkbox") {
        field.checked = value;
      } else {
        if (field.value === value) return;
        field.value = value;
      }
      done = true;
      for (let part = field.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    }
    all.filter(function (field) { return field.type === "radio"; }).forEach(put);   // what an outcome writes gives way
    all.filter(function (field) { return field.type !== "radio"; }).forEach(put);
    return done;
  }
  function say(form) {
    const words = document.getElementById("draft-words");
    if (!words || form.querySelector(".draft-note")) return;
    const line = document.importNode(words.content.firstElementChild, true);
    line.querySelector("button").addEventListener("click", function () {
      store.removeItem(nameOf(form));
      line.remove();
      form.reset();
    });
    form.prepend(line);
    const text = line.querySelector("span");
    const said = text.textContent;
    text.textContent = "";
    setTimeout(function () { text.textContent = said; }, 50);   // a live region tells what changes in it
  }

  /* Only what the server says counts as saved: its words of success, or the message among those that were written. */
  function isSaved(draft) {
    if (document.querySelector("#messages .note-ok")) return true;
    const text = (draft.typed.text || "").trim().slice(0, 60);
    return text !== "" && Array.from(document.querySelectorAll("#thread .said")).some(function (one) { return one.textContent.includes(text); });
  }
  function settle() {
    names().forEach(function (name) {
      const draft = read(name);
      if (!draft || Date.now() - draft.at > LONGEST_MS) store.removeItem(name);
      else if (draft.sent && user && isSaved(draft)) store.removeItem(name);
      else if (draft.sent) write(name, { at: draft.at, typed: draft.typed, sent: false });
    });
  }
  function restore() {
    if (!user) return;
    document.querySelectorAll("form[data-draft]").forEach(function (form) {
      const draft = read(nameOf(form));
      const has = draft && !form.querySelector("[aria-invalid=true]");   // a refused form has what was typed
      if (fill(form, has ? draft.typed : {})) say(form);
    });
  }

  function typed(event) {
    const form = event.target.form && event.target.form.closest("form[data-draft]");
    if (!form) return;
    waiting.add(form);
    setTimeout(function () { if (waiting.has(form)) keep(form); }, 0);   // after those who write into other fields
  }
  document.addEventListener("input", typed);
  document.addEventListener("change", typed);
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.matches("[data-signs-out]")) {
      forget(true);
      if (others) others.postMessage("signed out");
      return;
    }
    if (!form.matches("[data-draft]") || event.defaultPrevented) return;
    if (form.hasAttribute("hx-post")) return;
    if (navigator.onLine === false) {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("toast", { detail: { text: document.body.dataset.offline, tone: "stop" } }));
      return;
    }
    const draft = read(nameOf(form));
    if (draft) write(nameOf(form), { at: draft.at, typed: draft.typed, sent: true });
  });
  /* A form that htmx sent is saved when the server leads on. */
  document.addEventListener("htmx:beforeOnLoad", function (event) {
    const form = event.detail.elt, answer = event.detail.xhr;
    if (!form.matches || !form.matches("form[data-draft]") || answer.status >= 400) return;
    if (answer.getResponseHeader("HX-Redirect")) store.removeItem(nameOf(form));
  });
  document.addEventListener("htmx:beforeSwap", function () { waiting.forEach(keep); });
  document.addEventListener("htmx:afterSettle", restore);
  if (others) others.onmessage = function () { forget(true); };

  function begin() {
    if (user) forget(false);
    settle();
    restore();
  }
  if (document.readyState === "complete") begin();
  else document.addEventListener("DOMContentLoaded", begin);   // after the scripts that a restored outcome speaks to
})();
