/* Keys. An element names its own key: data-key="1", data-key="mod+enter", data-key="h" data-key-inside="mod+shift+h".
   "mod" is Ctrl, on a Mac Command. A single letter acts only outside fields, never while an input method composes, never
   with Alt or AltGr, and not within 400 ms after the page changed, so that a key meant for the case before cannot reach
   this one. Keys go by what they write, not by where they lie, so every layout has its own letters where it has them.
   Somebody's own keys stand in data-keys of the body: {"p": "x"} means that x does what p does otherwise. */
(function () {
  "use strict";
  const OFF = "single-keys-off", GUARD_MS = 400;
  const mac = /Mac|iPhone|iPad|iPod/.test(navigator.platform);
  const field = "textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit]):not([type=range])";
  let own = {}, shownAt = performance.now(), composing = false, composedAt = -1000, off = false, left = null;
  try { off = localStorage.getItem(OFF) === "1"; } catch (e) { off = false; }

  function inField(target) {
    return target instanceof Element && (target.isContentEditable || target.closest(field) !== null);
  }
  /* An input method is at work, or has just ended: the Enter that takes a word is no Enter for us. */
  function isComposing(event) {
    return event.isComposing || composing || event.keyCode === 229 || event.key === "Process" || event.key === "Dead" ||
      event.key === "Unidentified" || event.key === "Enter" && event.timeStamp - composedAt < 50;
  }
  function isAlt(event) {
    return event.altKey || Boolean(event.getModifierState && event.getModifierState("AltGraph"));
  }
  /* The name of what was pressed, or "" for what is none of ours: a lone Windows key, Ctrl with a letter on a Mac. */
  function nameOf(event) {
    const enter = event.key === "Enter", long = event.key.length > 1;
    const mod = mac ? event.metaKey || enter && event.ctrlKey : event.ctrlKey || enter && event.metaKey;
    if (!mod && (event.ctrlKey || event.metaKey)) return "";
    return (mod ? "mod+" : "") + (event.shiftKey && (mod || long) ? "shift+" : "") + event.key.toLowerCase();
  }
  function mine(given) { return own[given] || given; }
  function display(key) {
    return key.replace("mod", mac ? "⌘" : "Ctrl").replace("shift", "Shift").replace("enter", "Enter");
  }
  /* What lies in a closed <details> still has boxes in some browsers, and must not hear its key. */
  function visible(element) {
    const from = element.matches("summary") ? element.parentElement.parentElement : element;
    if (!from || from.closest("details:not([open])") || element.closest("[inert]") || element.disabled) return false;
    return element.getClientRects().length > 0 || element.type === "radio" && element.closest("label, form").getClientRects().length > 0;
  }
  function act(element) {
    if (element.matches("input[type=radio], input[type=checkbox]")) {
      element.click();
      const part = element.dataset.needs && element.form.querySelector(".only-" + element.dataset.needs);
      const first = part && part.querySelector("input, select");
      (first || element).focus({ preventScroll: true });
    } else if (element.matches("input, textarea, select")) {
      element.focus();
    } else if (element.matches("form")) {
      element.requestSubmit();
    } else if (element.matches("summary")) {
      if (!element.parentElement.open) element.click();   // what is open already is gone to, not closed
      const parts = Array.from(element.parentElement.querySelectorAll("input:not([type=hidden]), textarea, select, button"));
      const first = element.parentElement.querySelector("[data-first]") || parts.find(function (part) { return !part.closest(".draft-note"); });   // not what throws a draft away
      if (first) first.focus();
    } else {
      element.click();
    }
  }
  /* Escape leaves a field, so that letters and digits are keys again; once more goes back, to the same place in the text. */
  function leaveOrReturn(target) {
    const within = document.querySelector("main");
    if (inField(target) && within && within.contains(target) && !target.closest("[data-keeps-escape]")) {
      left = target;
      target.blur();
    } else if (left && left.isConnected && left.getClientRects().length && !inField(target)) {
      left.focus({ preventScroll: true });
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
  function spoken(element) {
    return (element.dataset.keyLabel || element.getAttribute("aria-label") || element.textContent || "").replace(/\s+/g, " ").trim();
  }
  function keyed() {
    return Array.from(document.querySelectorAll("[data-key]")).filter(function (element) { return !element.closest("dialog"); });
  }

  /* The sheet */
  function openSheet() {
    const sheet = document.getElementById("keys");
    if (!sheet || sheet.open || document.querySelector("dialog[open]")) return;
    const body = sheet.querySelector("tbody");
    body.querySelectorAll("[data-found]").forEach(function (row) { row.remove(); });
    const said = new Set();
    let place = 0;
    keyed().forEach(function (element) {
      const keys = [element.dataset.key, element.dataset.keyInside].filter(Boolean).map(mine), label = spoken(element);
      const menu = element.closest("details"), opener = menu && menu.querySelector("summary");
      if (opener && opener !== element && opener.dataset.key && !menu.open) keys.unshift(mine(opener.dataset.key));  /* first one, then the other */
      const line = keys.join(" ") + label;
      if (!label || said.has(line)) return;
      said.add(line);
      const row = body.insertRow(place++);
      row.dataset.found = "";
      const cell = row.insertCell();
      keys.forEach(function (key) {
        cell.append(Object.assign(document.createElement("kbd"), { textContent: display(key) }), " ");
      });
      row.insertCell().textContent = label;
    });
    sheet.querySelector("[data-single-keys]").checked = !off;
    sheet.showModal();
  }
  /* Small hints beside what has a key say the key that acts. */
  function hint() {
    document.querySelectorAll("kbd[data-fixed]").forEach(function (kbd) { kbd.textContent = display(mine(kbd.dataset.fixed)); });
    if (!mac && !Object.keys(own).length) return;
    keyed().forEach(function (element) {
      const given = element.dataset.key;
      if (!own[given] && !(mac && given.startsWith("mod+"))) return;
      (element.closest("label") || element).querySelectorAll("kbd").forEach(function (kbd) {
        if (kbd.textContent.trim() === given || kbd.textContent.trim().toLowerCase() === given.replace("mod", "ctrl")) kbd.textContent = display(mine(given));
      });
    });
  }

  document.addEventListener("compositionstart", function () { composing = true; }, true);
  document.addEventListener("compositionend", function (event) { composing = false; composedAt = event.timeStamp; }, true);
  /* Whoever leaves a field in the middle of a word ends the word: some browsers do not say so. */
  document.addEventListener("focusout", function () { composing = false; }, true);

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.repeat || isComposing(event)) return;
    if (isAlt(event)) return;
    const name = nameOf(event);
    if (!name) return;
    const dialog = document.querySelector("dialog[open]");
    const single = !name.startsWith("mod+");
    if (name === mine("mod+k")) {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("palette"));
      return;
    }
    if (name === "escape" && !dialog) {
      const menus = document.querySelectorAll("details.menu[open], details.confirm[open]");
      menus.forEach(function (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
      if (!menus.length) leaveOrReturn(event.target);
      return;
    }
    if (dialog || single && (inField(event.target) || off || event.key.length > 1)) return;
    if (name === mine("?")) { event.preventDefault(); openSheet(); return; }
    if (name === mine("j") && move(1) || name === mine("k") && move(-1)) { event.preventDefault(); return; }
    if (performance.now() - shownAt < GUARD_MS) return;
    const meant = keyed().filter(function (candidate) {
      const keys = candidate.dataset;
      return (mine(keys.key) === name || keys.keyInside && mine(keys.keyInside) === name) && visible(candidate);
    });
    const here = event.target instanceof Element && event.target.closest("form");   // several forms: the one that is typed in
    const own = here && meant.find(function (candidate) { return candidate.form === here; });
    /* What is typed in a form is saved by that form or not at all. */
    const strange = here && !own && name === mine("mod+enter") && inField(event.target);
    const element = strange ? null : own || meant[0];
    if (element) { event.preventDefault(); act(element); }
  });

  /* A field that takes a key instead of text: on the page where keys are chosen. */
  document.addEventListener("keydown", function (event) {
    const catcher = event.target instanceof Element && event.target.closest("[data-catches-key]");
    if (!catcher || isComposing(event) || isAlt(event)) return;
    if (["Tab", "Enter", "Escape", "Backspace", "Delete", "Shift", "Control", "Meta"].includes(event.key) && !event.ctrlKey && !event.metaKey) return;
    const name = nameOf(event);
    if (!name || event.key.length > 1 && event.key !== "Enter" || event.key === " ") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    catcher.value = display(name).replace("⌘", "Ctrl");
    catcher.dispatchEvent(new Event("change", { bubbles: true }));
  }, true);

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-open-keys]")) openSheet();
  });
  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-single-keys]")) return;
    off = !event.target.checked;
    try { localStorage.setItem(OFF, off ? "1" : "0"); } catch (e) { /* storage refused: for this page only */ }
  });
  /* The page shows something else now: keys wait a moment. */
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.matches && event.target.matches("main, #desk")) shownAt = performance.now();
    hint();
  });
  document.addEventListener("guardkeys", function () { shownAt = performance.now(); });

  function ready() {
    try { own = JSON.parse(document.body.dataset.keys || "{}"); } catch (e) { own = {}; }
    hint();
  }
  window.workKeys = {
    act: act, display: display, isComposing: isComposing, keyed: keyed, mine: mine, openSheet: openSheet, spoken: spoken, visible: visible,
    /* What the product calls the key that somebody pressed: for pages that hear keys themselves. */
    given: function (pressed) {
      const found = Object.keys(own).find(function (key) { return own[key] === pressed; });
      return found || (own[pressed] ? "" : pressed);
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
