/* The next case is there at once: while somebody is at one case, the page of the next one is fetched and kept. Saving
   shows it without waiting, and what changed since it was fetched is fetched again within the time in which keys do not
   act yet. Without this file the server leads to the next page. */
(function () {
  "use strict";
  const AFTER_MS = 1200;      // the page in hand comes first
  const AGAIN_MS = 90000;     // the server keeps a case ahead for two minutes
  const LOOK_MS = 20000;      // whether somebody took this case over
  let kept = null;            // {url, html}: the page of the case that is kept ahead
  let timer = 0, looks = 0;

  function region() { return document.querySelector("[data-ahead]"); }
  function token() {
    const field = document.querySelector("input[name=csrfmiddlewaretoken]");
    return field ? field.value : "";
  }
  function plan(wait) { clearTimeout(timer); timer = setTimeout(fetchAhead, wait); }

  async function fetchAhead() {
    const here = region();
    if (!here) return;
    if (document.hidden) { kept = null; return; }   // what nobody looks at keeps no case from others
    try {
      const said = await fetch(here.dataset.ahead, { method: "POST", headers: { "X-CSRFToken": token(), "X-Requested-With": "fetch" } });
      if (said.status === 204) { kept = null; plan(AGAIN_MS); return; }
      if (!said.ok || said.redirected) { kept = null; return; }
      const next = await said.json();
      const page = await fetch(next.url + "?ahead=1");
      if (!page.ok || page.redirected) { kept = null; return; }
      const html = await page.text();
      if (region() === here) { kept = { url: next.url, html: html }; document.dispatchEvent(new CustomEvent("keptahead", { detail: { url: next.url } })); }
    } catch (e) { kept = null; }
    plan(AGAIN_MS);
  }

  /* isNew: another case than before; keys wait a moment then, and not when the same case is only made true. */
  function show(page, isNew) {
    const main = document.getElementById("main"), fresh = page.getElementById("main");
    if (!main || !fresh) return false;
    const top = document.querySelector("header.top .freshness"), said = page.querySelector("header.top .freshness");
    if (top && said) top.replaceWith(document.importNode(said, true));
    main.replaceWith(document.importNode(fresh, true));
    document.title = page.title;
    const now = document.getElementById("main");
    if (window.htmx) window.htmx.process(now);
    if (isNew) { now.focus({ preventScroll: true }); window.scrollTo(0, 0); }
    const settled = isNew ? now : document.getElementById("action") || now.firstElementChild;
    settled.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true, detail: {} }));
    return true;
  }
  function parse(html) { return new DOMParser().parseFromString(html, "text/html"); }

  /* The server says where to go; where that page is here already it is shown, and then made true. */
  function go(url) {
    if (!kept || kept.url !== url) return false;
    const page = parse(kept.html);
    kept = null;
    clearTimeout(timer);
    if (!show(page, true)) return false;
    offer(null);
    history.pushState({ shown: true }, "", url);
    document.documentElement.dataset.shownAhead = url;
    requestAnimationFrame(function () { setTimeout(refresh, 0, url); });   // painted first
    return true;
  }
  /* What may be undone stands beside the page and is of the case before. */
  function offer(page) {
    const old = document.getElementById("undo-slot"), fresh = page && page.getElementById("undo-slot");
    if (!old) return;
    if (fresh) old.replaceWith(document.importNode(fresh, true));
    else old.replaceChildren();
    document.dispatchEvent(new CustomEvent("undooffered"));
  }
  async function refresh(url) {
    try {
      const answer = await fetch(url);
      if (!answer.ok || answer.redirected) { location.assign(url); return; }
      const page = parse(await answer.text());
      if (location.pathname !== url) return;
      offer(page);
      if (touched()) {
        page.querySelectorAll("input[name=version]").forEach(function (field) {
          document.querySelectorAll("input[name=version]").forEach(function (mine) { mine.value = field.value; });
        });
        ["contact-bar", "messages"].forEach(function (name) {
          const old = document.getElementById(name), fresh = page.getElementById(name);
          if (!old || !fresh) return;
          old.replaceWith(document.importNode(fresh, true));
          if (window.htmx) window.htmx.process(document.getElementById(name));
        });
      } else {
        show(page, false);
      }
      document.documentElement.dataset.shownTrue = url;
      watch();
    } catch (e) { location.assign(url); }
  }
  /* Whether anything on the page was typed or chosen since it was shown, somebody is in a field, or a menu is open. */
  function touched() {
    const main = document.getElementById("main"), here = document.activeElement;
    if (main.querySelector("details.confirm[open]")) return true;
    if (here && main.contains(here) && here.matches("input, textarea, select")) return true;
    return Array.from(main.querySelectorAll("input:not([type=hidden]), textarea, select")).some(function (field) {
      if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
      if (field.tagName === "SELECT") return Array.from(field.options).some(function (one) { return one.selected !== one.defaultSelected && (one.selected && field.selectedIndex > 0); });
      return field.value !== field.defaultValue;
    });
  }

  /* Somebody may take the case over: say so at once, and leave what was typed where it is. */
  async function look() {
    const here = region();
    if (!here || document.hidden || document.querySelector("[data-lost]")) return;
    try {
      const answer = await fetch(here.dataset.holder, { headers: { "HX-Request": "true" } });
      if (answer.status !== 200 || answer.redirected || region() !== here) return;
      const said = parse(await answer.text()).querySelector("[data-lost]");
      const action = document.getElementById("action");
      if (said && action) action.querySelector(".card-body").prepend(document.importNode(said, true));
    } catch (e) { /* no connection: the next look says it */ }
  }

  function watch() {
    if (!region()) return;
    plan(AFTER_MS);
    clearInterval(looks);
    looks = setInterval(look, LOOK_MS);
  }
  document.addEventListener("htmx:beforeOnLoad", function (event) {
    const answer = event.detail.xhr;
    const to = answer && answer.status === 200 && answer.getResponseHeader("HX-Redirect");
    if (to && go(new URL(to, location.href).pathname)) event.preventDefault();
  });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) plan(0); });
  window.addEventListener("popstate", function () { location.reload(); });
  document.addEventListener("lookholder", look);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", watch);
  else watch();
})();
