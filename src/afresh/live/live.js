"use strict";
// Afresh's live reload. One file for the pages and for the worker that all pages of an origin share.
//
// Each page carries the stamp of what it was made from: start.turn.number. Each message says what is true now. A page
// that is older acts; so nothing is lost while it sleeps, and nothing is done twice.
(() => {
  const EVENTS = `${location.origin}/__afresh__/events`; // a page's <base> may lead elsewhere
  const MOST_RELOADS = 15; // each so soon after the one before: a page that changes what it is made from goes on for ever
  const SOON = 700; // milliseconds; who saves by hand, or an editor that saves after a pause, is slower
  const PAUSE = 3_000; // milliseconds a navigation may take before it counts as given up
  const RETRY = 1_000; // milliseconds
  const MOST_ENTRIES = 250; // the browser keeps no more of what a page has loaded

  // ---- the one connection -------------------------------------------------------------------------------------------

  /** Follow the server; `tell` is called with what is true now, at once and whenever it changes. */
  function follow(tell) {
    let known = null;
    let source = null;
    const take = (event) => {
      const state = JSON.parse(event.data);
      // A new connection begins with all that is kept; later messages bring what is new.
      if (known && known.start === state.start && known.number === state.since) {
        state.since = known.since;
        state.changes = known.changes.concat(state.changes);
      }
      known = state;
      tell(known);
    };
    const open = () => {
      source?.close();
      source = new EventSource(EVENTS);
      source.onmessage = take;
      // It tries again by itself, but not after an answer of another kind: another server may have had the port.
      source.onerror = ({ target }) => {
        if (target === source && target.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY);
      };
    };
    let retry;
    const close = () => { clearTimeout(retry); removeEventListener("online", open); source.close(); };
    addEventListener("online", open); // of a network that goes, a connection is not told
    open();
    return { close, get known() { return known; } };
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
  let going = null; // what the page is fetched for, and how to give that up
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

  /** Take the stamp that the page was asked for again for in this start: where it was still right (304), it has the tag
   *  of an earlier one. */
  function adopt(start) {
    const last = remembered();
    if (last.url === address() && last.start === start) Object.assign(stamp, { start, turn: last.turn, number: last.number });
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
      const worker = new SharedWorker(location.origin + tag.getAttribute("src"), "afresh-live");
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
    if (isGoing) { // what comes now is for the next page, whose stamp may be older than it
      if (going && state.turn > going.turn) going.abort(); // a view that never ends may have been mended
      return;
    }
    if (state.start !== stamp.start) adopt(state.start);
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
    return entries.length >= MOST_ENTRIES || entries.some(({ name }) => fits(name, path));
  }

  // ---- loading the page anew ----------------------------------------------------------------------------------------

  function renew(state, isInPlace = true) {
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
    if (wait > 0) { setTimeout(renew, wait, state, isInPlace); return; }
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
    if (isInPlace && canExchange(state)) exchange(state);
    else load();
  }

  /** Load the page anew. The user may be asked whether to leave it, and stay: then the next change asks again. */
  function load() {
    setTimeout(() => { isGoing = false; }, PAUSE);
    location.reload();
  }

  // ---- a page that takes another's place ----------------------------------------------------------------------------
  //
  // A browser takes much longer to load a page than Afresh to make it. Where a page is nothing but its markup, the same
  // is reached by fetching the markup and changing what differs. Anything that could know of the difference, a script
  // above all, is loaded anew.

  const NOT_PLAIN = [
    "base, noscript, template, dialog, iframe, frame, object, embed, audio, video",
    "[autofocus], [popover], [style*='afresh='], meta[name=referrer i]",
    "meta[http-equiv]:not([http-equiv='content-type' i], [http-equiv='x-ua-compatible' i])",
  ].join();

  function canExchange(state) {
    return tag.dataset.terms && document.readyState === "complete"
      && state.start === stamp.start && state.since <= stamp.number
      && !newer(state).some(([, kind, path]) => isLoadedFile(kind, path))
      && !location.hash && !navigator.serviceWorker?.controller
      && (!document.referrer || new URL(document.referrer).origin === location.origin) // another could not be sent
      && hasOnlyFiles() && isPlain(document, tag);
  }

  /** Whether all that the page has loaded from here are files: what a view makes would have to be asked for as well. */
  function hasOnlyFiles() {
    const entries = performance.getEntriesByType("resource");
    const files = ["/__afresh__/", tag.dataset.files || "/__afresh__/", "/favicon.ico"]; // browsers ask for it unasked
    return entries.length < MOST_ENTRIES && entries.every(({ name }) => {
      const { origin, pathname } = new URL(name);
      return origin !== location.origin || name === address() || files.some((prefix) => pathname.startsWith(prefix));
    });
  }

  function isPlain(page, own) {
    return page.compatMode === "CSS1Compat"
      && page.characterSet === "UTF-8"
      && !page.querySelector(NOT_PLAIN)
      && [...page.querySelectorAll("script")].every((script) => script === own)
      && [...page.querySelectorAll("form")].every(hasOwnFields)
      && [...page.querySelectorAll("*")].every(isInert);
  }

  /** Whether the form's fields can be told from the tree: where tags overlap, a parser knows it alone. */
  function hasOwnFields(form) {
    return [...form.elements].every((field) => form.contains(field) || field.hasAttribute("form"));
  }

  function isInert(element) {
    return !element.localName.includes("-") && !element.shadowRoot
      && !element.getAttributeNames().some((name) => name.startsWith("on"));
  }

  /** Put what the page is now in its place, or have it loaded where only the browser can. */
  async function exchange(state) {
    const controller = new AbortController();
    going = { turn: state.turn, abort: () => controller.abort() };
    try {
      const response = await ask(controller.signal);
      const text = await markupOf(response);
      // Unless the user is on the way to another page by now: then later, if that comes to nothing.
      if (leftAt + PAUSE <= performance.now() && !show(response.status, text, state)) return;
    } catch {
      if (!controller.signal.aborted) {
        controller.abort();
        return load();
      }
    } finally {
      going = null;
    }
    // Also where `show` has found that the page must be loaded all the same: a second reload replaces the first.
    isGoing = false;
    take(latest);
  }

  function ask(signal) {
    const { referrer } = document;
    return fetch(address(), {
      signal,
      cache: "no-cache",
      redirect: "error",
      headers: { Accept: MARKUP, "Afresh-Page": self === top ? "document" : "iframe" },
      ...(referrer ? { referrer, referrerPolicy: "unsafe-url" } : { referrerPolicy: "no-referrer" }),
    });
  }

  /** The text, unless it is a stream, which a browser shows as it comes, or nothing that is shown in a page. */
  async function markupOf(response) {
    const type = response.headers.get("Content-Type") ?? "";
    if (!type.startsWith("text/html") || !response.headers.has("Content-Length")) throw new Error(type);
    return await response.text();
  }

  /** Whether this page is still there, with what is new in it. */
  function show(status, text, state) {
    const page = new DOMParser().parseFromString(text, "text/html");
    swapAgain(page);
    const own = page.querySelector("script[data-afresh]");
    const { start, turn } = readStamp(own, { url: address(), ...state });
    if (start !== stamp.start || own.dataset.terms !== tag.dataset.terms) throw new Error("another start, other terms");
    if (status !== 200 || !isPlain(page, own) || needsSheets(page)) {
      rewrite(text);
      return false;
    }
    const typed = fields().map(valueOf);
    stamp.turn = turn;
    tag.dataset.afresh = own.dataset.afresh;
    own.replaceWith(tag.cloneNode());
    become(document.documentElement, page.documentElement);
    restore(typed, { resets: true });
    remember({ ...remembered(), fields: null });
    swapAll(state); // a load would have asked for the stylesheets too
    return true;
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

  /** Whether a stylesheet is to be loaded first: until it is there a browser does not paint. */
  function needsSheets(page) {
    const sheets = "link[rel~=stylesheet]:not([data-afresh-goes])";
    const here = new Set([...document.querySelectorAll(sheets)].map(({ outerHTML }) => outerHTML));
    return [...page.querySelectorAll(sheets)].some(({ outerHTML }) => !here.has(outerHTML))
      || [...page.querySelectorAll("style")].some(({ textContent }) => textContent.includes("@import"));
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
    olds.forEach(({ outerHTML }, index) => {
      if (outerHTML && !places.has(outerHTML)) places.set(outerHTML, []);
      places.get(outerHTML)?.push(index);
    });
    for (const indices of places.values()) indices.reverse();
    const wanted = new Set(news.map(({ outerHTML }) => outerHTML));
    let at = 0;
    for (const node of news) {
      const indices = places.get(node.outerHTML) ?? [];
      while (indices.at(-1) < at) indices.pop();
      const found = indices.pop();
      if (found !== undefined) {
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

  /** What a field is known by, what it says, and whether the user has made it say so. */
  function valueOf(field) {
    const [value, own] = [read(field, false), read(field, true)];
    return [nameOf(field), value, String(value) !== String(own)];
  }

  function isChoice({ type }) { return type === "checkbox" || type === "radio"; }

  function nameOf(field) { return [field.name, field.type, isChoice(field) ? field.value : ""].join("\n"); }

  /** The value, or the one that the markup gives it. */
  function read(field, byMarkup) {
    if (isChoice(field)) return byMarkup ? field.defaultChecked : field.checked;
    if (!field.options) return byMarkup ? field.defaultValue : field.value;
    const options = [...field.options].filter((option) => (byMarkup ? option.defaultSelected : option.selected));
    // Of a list that shows one the browser chooses the first, where the markup chooses none.
    const first = byMarkup && !field.multiple && !options.length ? [...field.options].slice(0, 1) : [];
    return [...options, ...first].map((option) => option.value);
  }

  function write(field, value) {
    if (isChoice(field)) field.checked = value;
    else if (!field.options) field.value = value;
    else for (const option of field.options) option.selected = value.includes(option.value);
  }

  function restoreRemembered() {
    const last = remembered();
    if (last.url !== address() || !last.fields) return;
    remember({ ...last, fields: null });
    restore(last.fields);
  }

  /** Put back what the user had changed, into the fields that are known by the same; `resets` all others. */
  function restore(values, { resets = false } = {}) {
    const left = [...values];
    for (const field of fields()) {
      const place = left.findIndex(([name]) => name === nameOf(field));
      const [, value, isChanged] = place < 0 ? [] : left.splice(place, 1)[0];
      if (isChanged) write(field, value);
      else if (resets) write(field, read(field, true));
    }
  }

  // ---- stylesheets and images ---------------------------------------------------------------------------------------

  function swapAll(state) {
    const swaps = { css: swapSheets, image: swapImages };
    const changes = newer(state).filter(([, kind]) => kind in swaps);
    stamp.number = state.number;
    const left = changes.filter(([number, kind, path]) => !swaps[kind](path, number) && isLoaded(path));
    if (left.length) renew(state, false); // where it is used, nothing here can exchange it
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
    for (const element of page.querySelectorAll("[href], [src], [srcset], [poster]")) {
      for (const name of ["href", "src", "srcset", "poster"]) {
        const value = swappedFor.get(element.getAttribute(name));
        if (value) element.setAttribute(name, value);
      }
    }
  }

  // Each of these returns how many it has found.

  function swapSheets(path, number) {
    const links = [...document.querySelectorAll('link[rel~="stylesheet"][href]')].filter(({ href }) => fits(href, path));
    for (const link of links) swapLink(link, number);
    return links.length + sum(document.styleSheets, (sheet) => swapImports(sheet, path, number));
  }

  function sum(items, count) { return [...items].reduce((total, item) => total + count(item), 0); }

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
    return sum(rulesOf(sheet).filter((rule) => rule instanceof CSSImportRule), (rule) => {
      const url = new URL(rule.href, sheet.href ?? document.baseURI).href;
      if (!fits(url, path)) return rule.styleSheet ? swapImports(rule.styleSheet, path, number) : 0;
      swapImport(rule, url, number);
      return 1;
    });
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
    const used = "img, input[type=image], source, video, image, use, link[rel~=icon]";
    return sum(document.querySelectorAll(used), (element) => swapSources(element, path, number))
      + sum(document.querySelectorAll('[style*="url("]'), ({ style }) => swapUrls(style, path, number, document.baseURI))
      + sum(document.styleSheets, (sheet) => swapBackgrounds(sheet, path, number));
  }

  function swapSources(element, path, number) {
    const names = ["src", "href", "poster"].filter((name) => fits(element.getAttribute(name) ?? "", path));
    for (const name of names) swap(element, name, fresh(element.getAttribute(name), number));
    if (!element.srcset) return names.length;
    const value = element.srcset.replace(/[^\s,]+/g, (part) => (fits(part, path) ? fresh(part, number) : part));
    if (value === element.srcset) return names.length;
    swap(element, "srcset", value);
    return names.length + 1;
  }

  function swapBackgrounds(sheet, path, number) {
    const base = sheet.href ?? document.baseURI;
    const visit = (rule) => (rule.style ? swapUrls(rule.style, path, number, base) : 0)
      + (rule instanceof CSSImportRule && rule.styleSheet ? swapBackgrounds(rule.styleSheet, path, number) : 0)
      + sum(rule.cssRules ?? [], visit);
    return sum(rulesOf(sheet), visit);
  }

  function swapUrls(style, path, number, base) {
    return sum(style, (property) => {
      const value = style.getPropertyValue(property);
      const swapped = value.replace(/url\((["']?)(.*?)\1\)/g, (whole, quote, url) => {
        const absolute = new URL(url, base).href;
        return fits(absolute, path) ? `url("${fresh(absolute, number)}")` : whole;
      });
      if (swapped === value) return 0;
      style.setProperty(property, swapped, style.getPropertyPriority(property));
      return 1;
    });
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
