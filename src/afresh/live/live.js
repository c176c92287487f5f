"use strict";
// Afresh's live reload. One file for the pages and for the worker that all pages of an origin share.
//
// Each page carries the stamp of what it was made from: start.turn.number. Each message says what is true now. A page
// that is older acts; so nothing is lost while it sleeps, and nothing is done twice.
(() => {
  const EVENTS = "/__afresh__/events";
  const MOST_RELOADS = 15; // each so soon after the one before: a page that changes what it is made from goes on for ever
  const SOON = 700; // milliseconds; who saves by hand, or an editor that saves after a pause, is slower
  const PAUSE = 3_000; // milliseconds a navigation may take before it counts as given up

  // ---- the one connection -------------------------------------------------------------------------------------------

  /** Follow the server; `tell` is called with what is true now, at once and whenever it changes. */
  function follow(tell) {
    let known = null;
    const source = new EventSource(EVENTS);
    source.onmessage = (event) => {
      const state = JSON.parse(event.data);
      // A new connection begins with all that is kept; later messages bring what is new.
      if (known && known.start === state.start && known.number === state.since) {
        state.since = known.since;
        state.changes = known.changes.concat(state.changes);
      }
      known = state;
      tell(known);
    };
    return { close: () => source.close(), get known() { return known; } };
  }

  function work() {
    const ports = new Set();
    const connection = follow((state) => { for (const port of ports) port.postMessage(state); });
    onconnect = ({ ports: [port] }) => {
      ports.add(port);
      port.onmessage = () => { ports.delete(port); port.close(); };
      if (connection.known) port.postMessage(connection.known);
    };
  }

  if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) return work();

  // ---- a page -------------------------------------------------------------------------------------------------------

  const tag = document.currentScript;
  if (!tag || document.querySelector('meta[name="afresh"][content="no-live"]')) return;
  const MEMORY = "afresh-live";
  const MARKUP = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  const stamp = readStamp(tag, remembered());
  let release = () => {};
  let isPending = false;
  let isGoing = false;
  let leftAt = -PAUSE;
  let latest = null;
  const ownOf = new Map(); // an address that was swapped, and what the page's markup says
  const swappedFor = new Map(); // and the other way about

  /** The stamp of the page that has this tag, where `last` is what it was asked for again for. */
  function readStamp({ dataset }, last) {
    const [start, turn, number] = dataset.afresh.split(".");
    const own = { start, turn: Number(turn), number: Number(number) };
    // The server may have said that the page it gave before is still right (304): then it has the stamp of that time,
    // though it was asked for again because of what happened later.
    if (last.url === address() && last.start === own.start) {
      own.turn = Math.max(own.turn, last.turn);
      own.number = Math.max(own.number, last.number);
    }
    return own;
  }

  function address() { return location.href.split("#", 1)[0]; }

  function remembered() {
    try { return JSON.parse(sessionStorage.getItem(MEMORY)) ?? {}; } catch { return {}; }
  }

  function remember(last) {
    try { sessionStorage.setItem(MEMORY, JSON.stringify(last)); } catch { /* it is full, or forbidden */ }
  }

  /** Whether there is a way to the server, in the order of what it costs. */
  function connect() {
    try {
      const worker = new SharedWorker(tag.src, "afresh-live");
      worker.onerror = () => { release(); alone(); }; // a policy may forbid it
      worker.port.onmessage = ({ data }) => take(data);
      release = () => { worker.port.postMessage("bye"); worker.port.close(); };
    } catch {
      alone(); // no shared workers: mobile browsers, Trusted Types
    }
  }

  /** Without a worker: one page follows and tells the others, and another takes over when it goes. */
  function alone() {
    if (!navigator.locks) { // only where the origin is not trusted: http of another machine
      const connection = follow(take);
      release = () => connection.close();
      return;
    }
    const channel = new BroadcastChannel("afresh-live");
    const leaving = new AbortController();
    let connection = null;
    let end = () => {};
    channel.onmessage = ({ data }) => {
      if (data !== "state?") take(data);
      else if (connection?.known) channel.postMessage(connection.known);
    };
    channel.postMessage("state?");
    navigator.locks.request("afresh-live", { signal: leaving.signal }, () => {
      connection = follow((state) => { take(state); channel.postMessage(state); });
      return new Promise((resolve) => { end = resolve; });
    }).catch(() => {});
    release = () => { leaving.abort(); connection?.close(); channel.close(); end(); };
  }

  function take(state) {
    latest = state;
    if (isGoing) return; // what comes now is for the next page, whose stamp may be older than it
    if (state.start !== stamp.start || state.turn > stamp.turn) return renew(state);
    if (state.number <= stamp.number) return;
    if (document.readyState !== "complete") { // what it loads is not known before
      addEventListener("load", () => take(state), { once: true });
      return;
    }
    const isOld = ([, kind, path]) => kind === "page" || isLoadedFile(kind, path);
    if (state.since > stamp.number || newer(state).some(isOld)) return renew(state);
    swapAll(state);
  }

  function newer(state) { return state.changes.filter(([number]) => number > stamp.number); }

  function isLoadedFile(kind, path) { return kind === "file" && isLoaded(path); }

  /** Whether the page has loaded a file of that name, by whatever means. */
  function isLoaded(path) {
    const entries = performance.getEntriesByType("resource");
    return entries.length >= 250 || entries.some(({ name }) => fits(name, path)); // 250: the browser keeps no more
  }

  // ---- loading the page anew ----------------------------------------------------------------------------------------

  function renew(state) {
    const event = new CustomEvent("afresh:change", { cancelable: true, detail: state });
    if (!dispatchEvent(event)) return; // a page that knows better, such as the one that shows an error
    if ("once" in tag.dataset) {
      console.info("Afresh: the code has changed. This page answers a form: it is not sent again by itself.");
      return;
    }
    // Nobody looks: when somebody does, the page is new, and the server was asked once however often it has changed.
    if (document.hidden) { isPending = true; return; }
    // The user is on the way to another page, or a form is being sent: that is not to be cut off.
    const wait = leftAt + PAUSE - performance.now();
    if (wait > 0) { setTimeout(renew, wait, state); return; }
    const last = remembered();
    const now = Date.now();
    const chain = now - last.at < SOON ? last.chain + 1 : 1;
    if (chain > MOST_RELOADS) {
      console.warn("Afresh: this page seems to change what it is made from. It is loaded again when you come back to it.");
      isPending = true;
      return;
    }
    const { start, turn, number } = state;
    remember({ url: address(), start, turn, number, chain, at: now, fields: fields().map(valueOf) });
    isGoing = true;
    if (canExchange(state)) exchange(state).catch(() => location.reload());
    else location.reload();
  }

  // ---- a page that takes another's place ----------------------------------------------------------------------------
  //
  // A browser takes much longer to load a page than Afresh to make it. Where a page is nothing but its markup, the same
  // is reached by fetching the markup and changing what differs. Anything that could know of the difference, a script
  // above all, is loaded anew.

  const NOT_PLAIN = [
    "base, noscript, template, iframe, frame, object, embed, audio, video, [autofocus], [style*='afresh=']",
    "meta[http-equiv]:not([http-equiv='content-type' i], [http-equiv='x-ua-compatible' i])",
  ].join();

  function canExchange(state) {
    return tag.dataset.terms && document.readyState === "complete"
      && state.start === stamp.start && state.since <= stamp.number
      && !newer(state).some(([, kind, path]) => isLoadedFile(kind, path))
      && isPlain(document, tag);
  }

  function isPlain(page, own) {
    return page.compatMode === "CSS1Compat"
      && page.characterSet === "UTF-8"
      && !navigator.serviceWorker?.controller
      && !page.querySelector(NOT_PLAIN)
      && [...page.querySelectorAll("script")].every((script) => script === own)
      && [...page.querySelectorAll("*")].every(isInert);
  }

  function isInert(element) {
    return !element.localName.includes("-") && !element.getAttributeNames().some((name) => name.startsWith("on"));
  }

  /** Put what the page is now in its place; an error where only the browser can load it. */
  async function exchange(state) {
    const referrer = document.referrer;
    if (referrer && new URL(referrer).origin !== location.origin) throw new Error("it could not be sent");
    const response = await fetch(address(), {
      cache: "no-cache",
      redirect: "error",
      headers: { Accept: MARKUP, "Afresh-Page": self === top ? "document" : "iframe" },
      ...(referrer ? { referrer, referrerPolicy: "unsafe-url" } : { referrerPolicy: "no-referrer" }),
    });
    const text = await response.text();
    const page = new DOMParser().parseFromString(text, response.headers.get("Content-Type").split(";", 1)[0]);
    swapAgain(page);
    const own = page.querySelector("script[data-afresh]");
    const { start, turn } = readStamp(own, { url: address(), ...state });
    if (start !== stamp.start || own.dataset.terms !== tag.dataset.terms) throw new Error("another start, other terms");
    if (leftAt + PAUSE > performance.now()) return again(state); // it would take the place of the page under way
    if (response.status !== 200 || !isPlain(page, own) || sheetsOf(page) !== sheetsOf(document)) return rewrite(text);
    const typed = fields().map(valueOf);
    stamp.turn = turn;
    tag.dataset.afresh = own.dataset.afresh;
    own.replaceWith(tag.cloneNode());
    become(document.documentElement, page.documentElement);
    restore(typed);
    remember({ ...remembered(), fields: null });
    swapAll(state); // a load would have asked for the stylesheets too
    again(latest);
  }

  function again(state) {
    isGoing = false;
    take(state);
  }

  /** Asked for once: a view that fails, or has begun to use scripts, does not run a second time to be loaded. */
  function rewrite(text) {
    const { scrollX, scrollY } = self;
    release();
    document.open(); // from here on no listener of this page is left
    addEventListener("load", () => scrollTo(scrollX, scrollY), { once: true });
    document.write(text);
    document.close();
  }

  function sheetsOf(page) {
    return [...page.querySelectorAll("style, link[rel~=stylesheet]:not([data-afresh-goes])")].map(({ outerHTML }) => outerHTML).join();
  }

  /** Make `was` what `next` is, and leave alone what they have in common. */
  function become(was, next) {
    if (was.nodeType !== Node.ELEMENT_NODE) {
      was.data = next.data;
      return;
    }
    for (const name of was.getAttributeNames()) if (!next.hasAttribute(name)) was.removeAttribute(name);
    for (const attribute of next.attributes) { // as nodes: a parser takes names that setAttribute() refuses
      if (was.getAttribute(attribute.name) !== attribute.value) was.setAttributeNode(attribute.cloneNode());
    }
    const olds = [...was.childNodes];
    const news = [...next.childNodes];
    let begin = 0;
    while (begin < Math.min(olds.length, news.length) && olds[begin].isEqualNode(news[begin])) begin++;
    let after = null;
    while (Math.min(olds.length, news.length) > begin && olds.at(-1).isEqualNode(news.at(-1))) {
      after = olds.pop();
      news.pop();
    }
    align(was, olds.slice(begin), news.slice(begin), after);
  }

  /** Turn `olds` into `news`, below `parent` and before `after`: an element that is in both stays. */
  function align(parent, olds, news, after) {
    const places = new Map();
    olds.forEach((old, index) => {
      if (old.outerHTML) places.set(old.outerHTML, [...places.get(old.outerHTML) ?? [], index]);
    });
    const wanted = new Set(news.map(({ outerHTML }) => outerHTML));
    let at = 0;
    for (const node of news) {
      const found = places.get(node.outerHTML)?.find((index) => index >= at) ?? -1;
      if (found >= 0) {
        while (at < found) olds[at++].remove();
        at++;
      } else if (at < olds.length && isAlike(olds[at], node) && !(olds[at].outerHTML && wanted.has(olds[at].outerHTML))) {
        become(olds[at++], node);
      } else {
        parent.insertBefore(document.adoptNode(node), olds[at] ?? after);
      }
    }
    while (at < olds.length) olds[at++].remove();
  }

  function isAlike(was, next) {
    return was.nodeName === next.nodeName && was.namespaceURI === next.namespaceURI
      && ["id", "name", "type"].every((name) => was[name] === next[name]);
  }

  // ---- what was typed -----------------------------------------------------------------------------------------------

  function fields() {
    const kinds = ["hidden", "password", "file", "submit", "button", "image", "reset"];
    return [...document.querySelectorAll("input, textarea, select")].filter(({ type }) => !kinds.includes(type));
  }

  function valueOf(field) {
    const isChoice = field.type === "checkbox" || field.type === "radio";
    const isChanged = isChoice ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
    return [field.name, field.type, isChoice ? field.checked : field.value, isChanged];
  }

  function restoreRemembered() {
    const last = remembered();
    if (last.url !== address() || !last.fields) return;
    remember({ ...last, fields: null });
    restore(last.fields);
  }

  /** Put back what the user had changed, field by field as long as they are the same ones. */
  function restore(values) {
    fields().forEach((field, index) => {
      const [name, type, value, isChanged] = values[index] ?? [];
      if (!isChanged || name !== field.name || type !== field.type) return;
      if (typeof value === "boolean") field.checked = value;
      else field.value = value;
    });
  }

  // ---- stylesheets and images ---------------------------------------------------------------------------------------

  function swapAll(state) {
    for (const [number, kind, path] of newer(state)) {
      if (kind === "css") swapSheets(path, number);
      if (kind === "image") swapImages(path, number);
    }
    stamp.number = state.number;
  }

  function fits(url, path) {
    // Folder and address need not have the same name: what is served is known by its last part.
    try {
      return decodeURIComponent(new URL(url, document.baseURI).pathname).split("/").pop() === path.split("/").pop();
    } catch { return false; }
  }

  function fresh(url, number) {
    const address = new URL(url, document.baseURI);
    address.searchParams.set("afresh", number);
    return address.href;
  }

  /** Change what an attribute says; the markup of the next page says what this one's did, and is read accordingly. */
  function swap(element, name, value) {
    const was = element.getAttribute(name);
    const own = ownOf.get(was) ?? was;
    ownOf.set(value, own);
    swappedFor.set(own, value);
    element.setAttribute(name, value);
  }

  function swapAgain(page) {
    for (const element of page.querySelectorAll("[href], [src], [srcset]")) {
      for (const name of ["href", "src", "srcset"]) {
        const value = swappedFor.get(element.getAttribute(name));
        if (value) element.setAttribute(name, value);
      }
    }
  }

  function swapSheets(path, number) {
    for (const link of document.querySelectorAll('link[rel~="stylesheet"][href]')) {
      if (fits(link.href, path)) swapLink(link, number);
    }
    for (const sheet of document.styleSheets) swapImports(sheet, path, number);
  }

  /** The old one stays until the new one is there: nothing flashes, and a broken one changes nothing. */
  function swapLink(link, number) {
    if (link.dataset.afreshGoes) return;
    const next = link.cloneNode();
    link.dataset.afreshGoes = "yes";
    swap(next, "href", fresh(link.href, number));
    next.addEventListener("load", () => link.remove(), { once: true });
    next.addEventListener("error", () => { next.remove(); delete link.dataset.afreshGoes; }, { once: true });
    link.after(next);
  }

  function rulesOf(sheet) {
    try { return [...sheet.cssRules]; } catch { return []; } // of another origin
  }

  function swapImports(sheet, path, number) {
    for (const rule of rulesOf(sheet)) {
      if (!(rule instanceof CSSImportRule)) continue;
      const url = new URL(rule.href, sheet.href ?? document.baseURI).href;
      if (fits(url, path)) swapImport(rule, url, number);
      else if (rule.styleSheet) swapImports(rule.styleSheet, path, number);
    }
  }

  async function swapImport(rule, url, number) {
    const next = fresh(url, number);
    // Fetched first, so that between the old rule and the new one there is no moment without either.
    await fetch(next).catch(() => {});
    const sheet = rule.parentStyleSheet;
    const index = rulesOf(sheet).indexOf(rule);
    if (index < 0) return;
    sheet.insertRule(rule.cssText.replace(JSON.stringify(rule.href), JSON.stringify(next)), index + 1);
    const added = sheet.cssRules[index + 1];
    const settle = () => {
      const at = rulesOf(sheet).indexOf(rule);
      if (at < 0) return;
      if (added.styleSheet && rulesOf(added.styleSheet)) sheet.deleteRule(at);
      else setTimeout(settle, 20);
    };
    setTimeout(settle, 20);
  }

  function swapImages(path, number) {
    for (const image of document.querySelectorAll("img[src], input[type=image][src], source[src], image[href], link[rel~=icon][href]")) {
      const name = image.hasAttribute("src") ? "src" : "href";
      if (fits(image.getAttribute(name), path)) swap(image, name, fresh(image.getAttribute(name), number));
    }
    for (const image of document.querySelectorAll("img[srcset], source[srcset]")) {
      const value = image.srcset.replace(/[^\s,]+/g, (part) => (fits(part, path) ? fresh(part, number) : part));
      if (value !== image.srcset) swap(image, "srcset", value);
    }
    for (const element of document.querySelectorAll('[style*="url("]')) swapUrls(element.style, path, number, document.baseURI);
    for (const sheet of document.styleSheets) swapBackgrounds(sheet, path, number);
  }

  function swapBackgrounds(sheet, path, number) {
    const base = sheet.href ?? document.baseURI;
    const visit = (rule) => {
      if (rule.style) swapUrls(rule.style, path, number, base);
      if (rule instanceof CSSImportRule && rule.styleSheet) swapBackgrounds(rule.styleSheet, path, number);
      for (const inner of rule.cssRules ?? []) visit(inner);
    };
    rulesOf(sheet).forEach(visit);
  }

  function swapUrls(style, path, number, base) {
    for (const property of style) {
      const value = style.getPropertyValue(property);
      if (!value.includes("url(")) continue;
      const swapped = value.replace(/url\((["']?)(.*?)\1\)/g, (whole, quote, url) => {
        const absolute = new URL(url, base).href;
        return fits(absolute, path) ? `url("${fresh(absolute, number)}")` : whole;
      });
      if (swapped !== value) style.setProperty(property, swapped, style.getPropertyPriority(property));
    }
  }

  /** First the page, which somebody waits for; what happens meanwhile is told all the same. */
  function afterPaint(begin) {
    let isBegun = false;
    const once = () => {
      if (isBegun) return;
      isBegun = true;
      begin();
    };
    requestAnimationFrame(() => setTimeout(once));
    setTimeout(once, 300); // nothing is painted where nobody looks
  }

  // ---- coming and going ---------------------------------------------------------------------------------------------

  function cameBack() {
    if (document.hidden || !isPending) return;
    isPending = false;
    remember({ ...remembered(), at: 0 });
    release();
    connect(); // what is true by now
  }

  document.addEventListener("visibilitychange", cameBack);
  addEventListener("focus", cameBack);
  window.navigation?.addEventListener("navigate", (event) => {
    const isLeaving = !event.destination.sameDocument && event.downloadRequest === null;
    if (isLeaving && event.navigationType !== "reload") leftAt = performance.now();
  });
  addEventListener("pagehide", () => release());
  addEventListener("pageshow", ({ persisted }) => { if (persisted) { isGoing = false; leftAt = -PAUSE; connect(); } });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", restoreRemembered);
  else restoreRemembered();
  afterPaint(connect);
})();
