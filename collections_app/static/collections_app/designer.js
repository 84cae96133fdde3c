/* The tree of the designer by keys: arrows or j and k move, Enter edits, Alt with arrows reorders, Delete removes. */
(function () {
  "use strict";
  const SINGLE_KEYS_OFF = "single-keys-off";
  const KEYS = { a: "add-step", s: "add-segment", d: "duplicate", u: "undo", r: "redo" };

  function tree() { return document.getElementById("tree"); }
  function rows() {
    return Array.from(tree().querySelectorAll("[data-node]")).filter(function (row) { return !row.closest("li").hidden; });
  }
  function current() {
    return tree().querySelector('[aria-selected="true"]') || rows()[0];
  }
  function select(row) {
    tree().querySelectorAll("[data-node]").forEach(function (each) {
      each.setAttribute("aria-selected", String(each === row));
      each.tabIndex = each === row ? 0 : -1;
    });
    const meant = document.querySelector("#acts-state [name=node]");
    if (meant) meant.value = row.dataset.node;
  }
  function go(row) {
    if (!row) return;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    row.click();
  }

  /* One change at a time: what is pressed while another is on its way waits for it, in its order. */
  const waiting = [];
  let busy = 0, wanted = null;
  function act(name) {
    if (busy) { waiting.push(name); return; }
    const button = document.querySelector('.node-acts [name=act][value="' + name + '"], #designer-bar [name=act][value="' + name + '"]');
    if (!button || button.disabled || !button.getClientRects().length || blocked()) return;
    button.click();
  }
  function goOn() {
    if (busy || !tree()) return;
    if (waiting.length) { act(waiting.shift()); return; }
    const row = wanted !== null && tree().querySelector('[data-node="' + wanted + '"]');
    wanted = null;
    if (row) go(row);
  }
  /* Nothing that was typed is lost. What is not complete yet waits: a choice while it is typed ("referral to legal" passes
     by "review"), the first of two numbers until the second one is there. It is sent at once when somebody goes elsewhere
     (`flush`). What was typed while an answer was on its way is put into the panel that comes with it (`keepTyped`). */
  const TYPING_MS = 500;
  let waitingField = null, waitingFor = 0, keyed = null, sent = {}, typed = null, kept = null, place = null, next = "";
  function values() {
    const found = {};
    document.querySelectorAll("#node-form :is(input, select, textarea)[id]").forEach(function (field) {
      if (field.type !== "hidden") found[field.id] = field.type === "checkbox" ? String(field.checked) : field.value;
    });
    return found;
  }
  function flush() {
    const field = waitingField;
    waitingField = null;
    clearTimeout(waitingFor);
    waitingFor = 0;
    if (field && field.isConnected) field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function wait(event, ms) {
    event.stopImmediatePropagation();
    clearTimeout(waitingFor);
    waitingField = event.target;
    waitingFor = ms ? setTimeout(flush, ms) : 0;
  }
  document.addEventListener("keydown", function (event) {
    keyed = event.target.matches && event.target.matches("#node-form select") && event.key !== "Enter" ? event : null;
    if (keyed && waitingFor && waitingField === keyed.target) {   // a letter that changes nothing belongs to the word as well
      clearTimeout(waitingFor);
      waitingFor = setTimeout(flush, TYPING_MS);
    }
  }, true);
  document.addEventListener("change", function (event) {
    const field = event.target;
    if (!event.isTrusted || !field.matches || !field.closest("#node-form")) return;
    const pair = field.closest(".line-two");
    const numbers = pair ? Array.from(pair.querySelectorAll("input")) : [];
    if (numbers.includes(waitingField)) waitingField = null;
    if (numbers.some(function (each) { return !each.value.trim(); })) wait(event, 0);
    else if (keyed && keyed.target === field && event.timeStamp - keyed.timeStamp < TYPING_MS) wait(event, TYPING_MS);
  }, true);
  document.addEventListener("focusout", function (event) {
    const field = waitingField, line = field && field.closest(".line");
    if (!field || field.closest(".line-two") && field.closest(".line-two").contains(event.relatedTarget)) return;
    /* A fact that was just chosen has no comparison beside it yet: that is where its Tab leads. */
    if (line && field.matches(".line-fact") && event.relatedTarget && event.relatedTarget === line.querySelector(".line-drop")) {
      next = field.id.replace(/-fact$/, "-op");
    }
    flush();
  });
  document.addEventListener("htmx:beforeSend", function (event) {
    if (event.detail.target && event.detail.target.id === "panel-box") sent = values();
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target.id !== "panel-box" || !event.detail.shouldSwap) return;
    const panel = document.getElementById("panel"), now = values(), here = document.activeElement;
    typed = {};
    Object.keys(now).forEach(function (id) { if (id in sent && now[id] !== sent[id]) typed[id] = now[id]; });
    place = here && here.id in now ? { id: here.id, from: here.selectionStart, to: here.selectionEnd } : null;
    const asked = event.detail.requestConfig;
    if (!panel || asked.verb !== "get" || asked.elt.dataset.node === panel.dataset.node || !Object.keys(typed).length) return;
    typed = place = null;  // another node comes, and somebody goes on typing into this one: he stays
    event.detail.shouldSwap = false;
    const row = tree().querySelector('[data-node="' + panel.dataset.node + '"]');
    if (row) select(row);
  });
  function ours(id) {
    const field = document.getElementById(id);
    return field && field.closest("#node-form") ? field : null;
  }
  /* At once, before the next key: what is typed from now on comes behind it. */
  function keepTyped() {
    if (!typed) return;
    kept = typed;
    typed = null;
    Object.keys(kept).forEach(function (id) {
      const field = ours(id);
      if (field && field.type === "checkbox") field.checked = kept[id] === "true";
      else if (field) field.value = kept[id];
    });
    const field = place && ours(place.id);
    if (field && document.activeElement === field && typeof place.from === "number") field.setSelectionRange(place.from, place.to);
  }
  function isPanel(event) { return event.detail.target && event.detail.target.id === "panel-box"; }
  document.addEventListener("htmx:afterSwap", function (event) { if (isPanel(event)) keepTyped(); });
  document.addEventListener("htmx:afterSettle", function (event) {
    if (!isPanel(event)) return;
    const changed = Object.keys(kept || {}), comparison = next && ours(next);
    const here = place && ours(place.id);   // what is wrong elsewhere waits until he goes there
    if (here && here !== document.activeElement && document.activeElement.matches("[aria-invalid=true]")) here.focus({ preventScroll: true });
    kept = place = null;
    changed.forEach(function (id) {
      const field = ours(id);
      if (field) field.dispatchEvent(new Event("change", { bubbles: true }));
    });
    if (comparison && document.activeElement.matches(".line-drop")) comparison.focus();
    next = "";
  });

  function isChange(event) {
    return event.detail.requestConfig && event.detail.requestConfig.verb === "post" && document.getElementById("designer");
  }
  let changes = 0;  // how many were sent from this page
  document.addEventListener("htmx:beforeSend", function (event) {
    if (isChange(event)) { busy += 1; changes += 1; }
    else event.detail.requestConfig.askedAfter = changes;
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (!isChange(event)) return;
    busy = Math.max(0, busy - 1);
    setTimeout(goOn, 0);
  });
  function firstField() {
    const field = document.querySelector('#node-form .node-first, #node-form :is(input:not([type=hidden]):not([tabindex="-1"]), select, textarea)');
    if (!field) return;
    field.focus();
    if (field.select) field.select();
  }
  function isField(target) {
    return target instanceof Element && target.matches("input, select, textarea, [contenteditable]");
  }
  function singleKeysOff() {
    try { return localStorage.getItem(SINGLE_KEYS_OFF) === "1"; } catch (e) { return false; }
  }

  document.addEventListener("keydown", function (event) {
    if (!tree() || event.isComposing || event.keyCode === 229 || document.querySelector("dialog[open]")) return;
    const inTree = event.target instanceof Element && event.target.closest("#tree .tree-list");
    const search = event.target.id === "tree-search";
    const free = !isField(event.target);
    if (event.altKey && !event.ctrlKey && !event.metaKey && (event.key === "ArrowUp" || event.key === "ArrowDown") && free) {
      event.preventDefault();
      act(event.key === "ArrowUp" ? "up" : "down");
      return;
    }
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") {
      const panel = document.getElementById("panel");
      const here = panel && tree().querySelector('[data-node="' + panel.dataset.node + '"]');
      if (panel && panel.contains(event.target) && here) {
        event.preventDefault();
        delete panel.dataset.wrong;
        event.target.blur();
        flush();
        go(here);
      } else if (search) {
        event.target.value = "";
        filter("");
        current().focus();
      } else if (isField(event.target) && event.target.closest("main") && current()) {
        event.preventDefault();   // a field beside the tree: its keys are those of the tree, so that is where it leads
        event.target.blur();
        current().focus();
      }
      return;
    }
    if (search && (event.key === "Enter" || event.key === "ArrowDown")) {
      event.preventDefault();
      go(rows()[0]);
      return;
    }
    const letters = free && !singleKeysOff();
    const pressed = window.workKeys ? window.workKeys.given(event.key) : event.key;  /* somebody may have keys of his own */
    const list = rows(), here = list.indexOf(inTree ? event.target.closest("[data-node]") : current());
    let to = null;
    if (inTree && event.key === "ArrowDown" || letters && pressed === "j") to = list[here + 1];
    else if (inTree && event.key === "ArrowUp" || letters && pressed === "k") to = list[here - 1];
    else if (inTree && event.key === "Home") to = list[0];
    else if (inTree && event.key === "End") to = list[list.length - 1];
    else if (inTree && event.key === "ArrowLeft") {
      const level = Number(list[here].getAttribute("aria-level"));
      to = list.slice(0, here).reverse().find(function (row) { return Number(row.getAttribute("aria-level")) < level; });
    } else if (inTree && event.key === "ArrowRight") to = list[here + 1];
    else if (inTree && event.key === "Enter") { event.preventDefault(); firstField(); return; }
    else if (inTree && event.key === "Delete") { event.preventDefault(); act("remove"); return; }
    else if (letters && KEYS[pressed]) { event.preventDefault(); if (!event.repeat) act(KEYS[pressed]); return; }
    else return;
    event.preventDefault();
    go(to);
  }, true);

  function filter(text) {
    const wanted = text.trim().toLowerCase();
    tree().querySelectorAll("[data-node]").forEach(function (row) {
      row.closest("li").hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    });
  }
  document.addEventListener("input", function (event) {
    if (event.target.id === "tree-search") filter(event.target.value);
  });
  document.addEventListener("click", function (event) {
    const row = event.target.closest && event.target.closest("#tree [data-node]");
    if (row) flush();
    if (row && !blocked()) select(row);
    const jump = event.target.closest && event.target.closest("[data-jump]");
    const aim = jump && tree() && tree().querySelector('[data-node="' + jump.dataset.jump + '"]');
    if (aim) { event.preventDefault(); go(aim); }
  });

  /* A step that now follows another or an event is not held back by the day by which it was due; back again, it is. */
  document.addEventListener("change", function (event) {
    const day = event.target.name === "trigger" && event.target.form && event.target.form.elements.from_dpd;
    if (!day) return;
    if (event.target.value !== "dpd" && day.value === day.defaultValue) day.value = "";
    else if (event.target.value === "dpd" && !day.value) day.value = day.defaultValue;
  }, true);

  /* What was typed and could not be saved is not thrown away by going elsewhere. */
  function blocked() {
    const panel = document.getElementById("panel");
    return panel && panel.dataset.wrong || "";
  }
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (!event.detail.elt.matches("#tree [data-node]")) return;
    if (busy) { event.preventDefault(); wanted = event.detail.elt.dataset.node; return; }
    if (!blocked()) return;
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: blocked(), tone: "stop" } }));
    const wrong = document.querySelector("#panel [aria-invalid=true]");
    if (wrong) wrong.focus();
  });

  /* Numbers of steps that have got another key meanwhile have no place any more; the next ones are on their way. */
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!tree() || !/\/counts\/$/.test(event.detail.requestConfig.path)) return;
    const answer = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
    answer.querySelectorAll("[hx-swap-oob][id]").forEach(function (part) {
      if (!document.getElementById(part.id)) part.remove();
    });
    event.detail.serverResponse = answer.body.innerHTML;
  });

  /* While the cases are counted anew, a tree that was drawn anew shows the numbers of before. */
  const numbers = {};
  function keepNumbers() {
    if (!tree()) return;
    tree().querySelectorAll(".tree-count").forEach(function (count) {
      if (count.textContent) numbers[count.id] = count.textContent;
      else if (numbers[count.id]) count.textContent = numbers[count.id];
    });
  }
  ["htmx:oobAfterSwap", "htmx:afterSettle"].forEach(function (name) { document.addEventListener(name, keepNumbers); });

  /* A node that is no longer the chosen one when its panel arrives is not shown; nor is a panel that was asked for before
     a change and overtaken by its answer: it would take back the line that was just added. */
  document.addEventListener("htmx:beforeSwap", function (event) {
    const asked = event.detail.requestConfig, row = asked.elt;
    if (!row.matches("[data-node]") || !row.closest("#tree") && row.isConnected) return;
    const chosen = current() && current().dataset.node;
    if (!busy && row.dataset.node === chosen && asked.askedAfter === changes) return;
    event.detail.shouldSwap = false;
    const panel = document.getElementById("panel");
    if (!busy && row.dataset.node === chosen && panel && panel.dataset.node !== chosen) setTimeout(function () { go(current()); }, 0);
  });

  /* A step that got another key with its kind or day: the form that stays says it, and is of that node now. */
  document.addEventListener("keyfollowed", function (event) {
    const field = document.getElementById("f-key");
    if (field) field.value = field.defaultValue = event.detail.key;
  });
  document.addEventListener("htmx:afterSettle", function () {
    const panel = document.getElementById("panel"), said = document.querySelector("#form-state [name=node]");
    if (panel && said) panel.dataset.node = said.value;
  });

  /* After an act: on the form of what was made, on the tree, or on a new line of a condition. */
  document.addEventListener("focusdesigner", function (event) {
    const on = event.detail.on;
    setTimeout(function () {
      if (on === "form") firstField();
      else if (on === "tree") { if (current()) current().focus(); }
      else if (document.getElementById(on)) document.getElementById(on).focus();
    }, 0);
  });
})();
