/* The palette: what can be done now, and the search, from one field. Ctrl or Command with k, or the button of the bar.
   Words travel in the body of a request; an answer that comes after a newer question is thrown away. */
(function () {
  "use strict";
  const WAIT_MS = 120, NUMBER_WAIT_MS = 500, MOST_ACTIONS = 8;
  const box = document.getElementById("palette");
  if (!box || !window.workKeys) return;
  const keys = window.workKeys;
  const input = box.querySelector("input"), list = box.querySelector("[role=listbox]"), status = box.querySelector("[role=status]");
  const doing = list.querySelector("[data-actions]"), found = list.querySelector("[data-found-cases]");
  let offered = [], asked = 0, pending = 0, request = null, from = null, active = null;

  /* Chinese words by the first letters of their pinyin: the letter of a character follows from its place in the order of
     the language, for which the first character of each letter is enough. */
  const FIRST = "阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨他屲夕丫帀", LETTERS = "abcdefghjklmnopqrstwxyz";
  let order = null;
  try { order = new Intl.Collator("zh-Hans-CN-u-co-pinyin"); } catch (e) { order = null; }
  function letter(character) {
    if (!order || !/\p{Script=Han}/u.test(character)) return character;
    let place = -1;
    for (const first of FIRST) { if (order.compare(character, first) < 0) break; place++; }
    return place < 0 ? character : LETTERS[place];
  }
  function initials(text) { return Array.from(text, letter).join("").replace(/[^a-z0-9]/g, ""); }

  function words(text) { return text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean); }
  /* Every word that was typed begins a word of the label, or stands in it where words are not divided. */
  function fits(label, typed) {
    const own = words(label);
    return typed.every(function (word) {
      return own.some(function (one) { return one.startsWith(word); }) || /\p{Script=Han}/u.test(word) && label.includes(word) ||
        /\p{Script=Han}/u.test(label) && initials(label.toLowerCase()).includes(word);
    });
  }

  /* What can be done on this page, then where one can go. */
  function gather() {
    const rows = [], said = new Set();
    function add(label, icon, key, run) {
      if (!label || said.has(label)) return;
      said.add(label);
      rows.push({ label: label, icon: icon, key: key, run: run });
    }
    /* What lies in a closed menu is shown with the menu open and the focus on it: one more Enter does it. */
    function reveal(element) {
      element.closest("details").open = true;
      element.focus();
    }
    keys.keyed().forEach(function (element) {
      const menu = element.closest("details.confirm:not([open]), details.menu:not([open])");
      if (menu && !element.matches("summary") && element.dataset.key !== "mod+enter" && keys.visible(menu.querySelector("summary"))) {
        add(keys.spoken(element), menu.querySelector("summary svg"), "", function () { reveal(element); });
      }
      if (!keys.visible(element)) return;
      add(keys.spoken(element), element.querySelector("svg") || (element.closest("label") || element).querySelector("svg"), keys.mine(element.dataset.key), function () { keys.act(element); });
    });
    document.querySelectorAll(".nav-small nav a:not([aria-current]), [data-palette]").forEach(function (element) {
      const key = element.matches("[data-open-keys]") ? keys.mine("?") : "";
      add(element.dataset.palette || keys.spoken(element), element.querySelector("svg"), key, function () {
        if (element.matches("a[href]")) location.assign(element.href);
        else if (element.matches("[data-open-keys]")) keys.openSheet();
        else element.click();
      });
    });
    return rows;
  }

  function option(row, place) {
    const item = document.createElement("li");
    item.id = "palette-action-" + place;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const picture = row.icon ? row.icon.cloneNode(true) : document.createElement("span");
    const label = document.createElement("span");
    label.className = "grow";
    label.textContent = row.label;
    item.append(picture, label);
    if (row.key && !/^(alt|del)/i.test(row.key)) {
      const key = document.createElement("kbd");
      key.textContent = keys.display(row.key);
      item.append(key);
    }
    item.run = row.run;
    return item;
  }
  function options() { return Array.from(list.querySelectorAll("[role=option]")); }
  function choose(item, isPointed) {
    if (active) active.setAttribute("aria-selected", "false");
    active = item || null;
    if (!active) { input.removeAttribute("aria-activedescendant"); return; }
    active.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", active.id);
    if (!isPointed) active.scrollIntoView({ block: "nearest" });
  }
  function go(item) {
    if (!item) return;
    const url = item.dataset.url, run = item.run;
    close();
    if (url) location.assign(url);
    else if (run) setTimeout(run, 0);  /* after the click that chose it, which closes open menus */
  }

  function show(cases) {
    const text = input.value.trim(), typed = words(text);
    const chosen = active && active.textContent;
    const fitting = text ? offered.filter(function (row) { return typed.length && fits(row.label, typed); }).slice(0, MOST_ACTIONS) : offered;
    doing.replaceChildren(...fitting.map(option));
    doing.parentElement.hidden = !fitting.length;
    if (cases !== undefined) found.replaceChildren(...cases);
    found.querySelectorAll("[role=option]").forEach(function (item, place) { item.id = "palette-case-" + place; });
    found.parentElement.hidden = !found.children.length;
    const all = options();
    choose(all.find(function (item) { return item.textContent === chosen; }) || all[0]);
    box.querySelector("[data-nothing]").hidden = Boolean(all.length) || request !== null || pending !== 0;
    return fitting.length;
  }
  function say(count, cases) {
    const actions = count ? (count === 1 ? box.dataset.oneAction : box.dataset.actions.replace("#", count)) : "";
    status.textContent = [cases, actions].filter(Boolean).join(box.dataset.comma) || box.dataset.nothing;
  }

  function ask() {
    const text = input.value.trim(), mark = ++asked;
    clearTimeout(pending);
    pending = 0;
    if (request) request.abort();
    request = null;
    if (!text || !box.dataset.search) { say(show([])); return; }
    const isNumber = /^[+\d][\d\s().-]{5,}[\dXx]$/.test(text.normalize("NFKC"));
    pending = setTimeout(function () { pending = 0; fetchCases(text, mark); }, isNumber ? NUMBER_WAIT_MS : WAIT_MS);
    show();
  }
  function fetchCases(text, mark) {
    const asking = new AbortController();
    request = asking;
    box.setAttribute("aria-busy", "true");
    const body = new URLSearchParams({ q: text });
    const headers = Object.assign({ "HX-Request": "true" }, JSON.parse(document.body.getAttribute("hx-headers") || "{}"));
    fetch(box.dataset.search, { method: "POST", body: body, headers: headers, signal: asking.signal, credentials: "same-origin" }).then(function (answer) {
      if (answer.redirected) { location.assign("/"); throw new Error("signed out"); }
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    }).then(function (html) {
      if (mark !== asked) return;  /* something newer was typed */
      request = null;
      const rows = new DOMParser().parseFromString(html, "text/html").querySelector("ul");
      say(show(rows ? Array.from(rows.children) : []), rows ? rows.dataset.said : "");
    }).catch(function (error) {
      if (error.name === "AbortError" || mark !== asked) return;
      request = null;
      show([]);
      status.textContent = box.dataset.failed;
    }).finally(function () { if (mark === asked) box.removeAttribute("aria-busy"); });
  }

  function open() {
    if (box.open) { close(); return; }
    if (document.querySelector("dialog[open]")) return;
    from = document.activeElement;
    offered = gather();
    input.value = "";
    box.showModal();
    input.focus();
    ask();
  }
  function close() {
    asked++;
    clearTimeout(pending);
    pending = 0;
    if (request) request.abort();
    request = null;
    if (box.open) box.close();
    if (from && from.isConnected) from.focus({ preventScroll: true });
  }

  document.addEventListener("palette", open);
  document.addEventListener("click", function (event) {
    const opener = event.target.closest("[data-open-palette]");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  input.addEventListener("input", function (event) { if (!event.isComposing) ask(); });
  input.addEventListener("compositionend", ask);
  input.addEventListener("keydown", function (event) {
    if (keys.isComposing(event)) { if (event.key === "Enter" || event.key === "Escape") event.stopPropagation(); return; }
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const all = options(), here = all.indexOf(active);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (all.length) choose(all[(here + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(active);
    }
  });
  /* Escape in the middle of a word gives up the word, not the palette. */
  let composing = false;
  input.addEventListener("compositionstart", function () { composing = true; });
  input.addEventListener("compositionend", function () { setTimeout(function () { composing = false; }, 0); });
  box.addEventListener("cancel", function (event) { event.preventDefault(); if (!composing) close(); });
  box.addEventListener("submit", function (event) { event.preventDefault(); });
  box.addEventListener("click", function (event) {
    if (event.target === box || event.target.closest("[data-close]")) { close(); return; }
    go(event.target.closest("[role=option]"));
  });
  list.addEventListener("pointermove", function (event) {
    const item = event.target.closest("[role=option]");
    if (item && item !== active) choose(item, true);
  });
})();
