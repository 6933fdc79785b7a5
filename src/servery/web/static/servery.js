// What htmx does not do: follow the house live, keep a reader's place in a list that changes, and the keyboard.
"use strict";

// A part that changed is compared with what is on the page, piece by piece: scroll, focus and what is folded open stay.
htmx.defineExtension("keyed", {
  isInlineSwap: (style) => style === "keyed",
  handleSwap: (style, target, fragment) => {
    if (style !== "keyed") return false;
    const fresh = fragment.firstElementChild;
    const focused = document.activeElement.id;
    if (fresh) morph(target, fresh);
    // What moved to another list is another element there.
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
    return [target];
  },
});

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  morphAttributes(old, fresh);
  morphChildren(old, fresh);
  if (old.hasAttribute("data-row")) old.classList.add("changed");
}

function morphAttributes(old, fresh) {
  // Whether something is folded open is the reader's doing.
  const theirs = (name) => name === "open" || name.startsWith("data-htmx");
  for (const { name } of [...old.attributes]) if (!theirs(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    if (!theirs(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function morphChildren(old, fresh) {
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const match = findMatch(old, place, child);
    if (!match) {
      old.insertBefore(child, place);
      if (child.nodeType === Node.ELEMENT_NODE) {
        htmx.process(child);
        fold(child);
      }
      continue;
    }
    if (match === place) place = place.nextSibling;
    else old.insertBefore(match, place);
    morph(match, child);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

// On a phone, what is over for a host is folded; whoever follows a link to it finds it open.
const PHONE = matchMedia("(max-width: 44rem)");

function fold(part) {
  if (!PHONE.matches) return;
  const wanted = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  for (const each of [part, ...part.querySelectorAll("[data-fold]")]) {
    if (each.matches("[data-fold]") && !each.contains(wanted)) each.open = false;
  }
}

fold(document.body);

function findMatch(parent, from, wanted) {
  if (wanted.id) return [...parent.children].find((each) => each.id === wanted.id && each.nodeName === wanted.nodeName);
  let node = from;
  while (node && (node.id || node.nodeName !== wanted.nodeName)) node = node.nextSibling;
  return node;
}

// One stream of changes for each page. Its events name what changed; the parts that show it listen for that name.
const TOPICS = ["bookings", "checks", "guests", "connections", "runs"];
const SILENCE = 40000; // Milliseconds: more than two heartbeats of the server.
let lost = false;
let watch;

function tell(topics) {
  for (const topic of topics) htmx.trigger(document.body, "changed-" + topic);
}

function heard() {
  clearTimeout(watch);
  watch = setTimeout(() => setLost(true), SILENCE);
  if (!lost) return;
  setLost(false);
  tell(TOPICS);
}

function setLost(now) {
  lost = now;
  const line = document.getElementById("line");
  line.textContent = now ? line.dataset.lost : "";
  line.hidden = !now;
}

function follow(url) {
  const source = new EventSource(url);
  source.addEventListener("beat", heard);
  source.addEventListener("changed", (event) => {
    heard();
    tell(event.data.split(" ").filter(Boolean));
  });
  source.onerror = () => {
    setLost(true);
    // A refused stream is not tried again by the browser.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow(url), 3000);
  };
  addEventListener("pagehide", () => source.close(), { once: true });
  return source;
}

// A page that the browser brings back from its cache has no stream any more.
addEventListener("pageshow", (event) => {
  const url = document.body.dataset.live;
  if (!url) return;
  follow(url);
  if (event.persisted) tell(TOPICS);
});

// What was done is told for ten seconds, and longer to whoever is about to undo it.
const done = document.getElementById("done");
const TOLD = 10000;
let toldUntil;

function tellDone() {
  clearTimeout(toldUntil);
  if (!done.childElementCount) return;
  // htmx makes its own of what it swapped in a moment later: a key pressed before that would load the whole page.
  htmx.process(done);
  const undo = done.querySelector("button");
  if (undo && document.activeElement === document.body) undo.focus();
  toldUntil = setTimeout(forgetDone, TOLD);
}

function forgetDone() {
  if (done.matches(":hover") || done.querySelector(":focus-visible")) toldUntil = setTimeout(forgetDone, TOLD);
  else done.replaceChildren();
}

function tellFailure(event) {
  if (!event.target.closest(".act, .noting")) return;
  const words = document.createElement("p");
  words.textContent = done.dataset.failed;
  done.replaceChildren(words);
}

if (done) {
  new MutationObserver(tellDone).observe(done, { childList: true });
  tellDone();
  document.body.addEventListener("htmx:responseError", tellFailure);
  document.body.addEventListener("htmx:sendError", tellFailure);
}

// A form that came back: the field at fault is where one goes on.
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "set-up") return;
  const faulty = event.target.querySelector("[aria-invalid=true]");
  if (faulty) {
    faulty.closest("details")?.setAttribute("open", "");
    faulty.focus();
  }
});

// Two taps and a note is written: the first opens where one writes, the second keeps it and closes.
document.addEventListener("toggle", (event) => {
  if (event.target.matches(".noting[open]")) event.target.querySelector("textarea").focus();
}, true);
document.body.addEventListener("htmx:afterRequest", (event) => {
  const noting = event.target.closest(".noting");
  if (!noting || !event.detail.successful) return;
  event.target.reset();
  noting.open = false;
});

const search = document.getElementById("search");
const found = document.getElementById("found");
let shut = true; // What was asked before the list was closed is no longer wanted.

function options() {
  return [...found.querySelectorAll("[role=option]")];
}

function choose(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (option) {
    search.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else search.removeAttribute("aria-activedescendant");
}

function closeFound() {
  shut = true;
  found.replaceChildren();
  tellFound();
}

function step(by) {
  const all = options();
  const at = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
  if (all.length) choose(all[(at + by + all.length + (at < 0 && by < 0 ? 1 : 0)) % all.length]);
}

function onSearchKey(event) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (options().length) step(event.key === "ArrowDown" ? 1 : -1);
    else if (search.value.trim()) openFound();
  } else if (event.key === "Escape") {
    event.preventDefault(); // Else the browser empties the field at once: the first one closes the list.
    if (!found.childElementCount) search.value = "";
    closeFound();
  } else if (event.key === "Enter") {
    const chosen = found.querySelector("[aria-selected=true]");
    if (!chosen) return;
    event.preventDefault();
    location.assign(chosen.href);
  }
}

function openFound() {
  shut = false;
  htmx.trigger(search, "again");
}

// An answer to what was typed a moment ago is not shown: the next one is on its way.
function dropStale(event) {
  if (shut || event.detail.requestConfig.parameters.q !== search.value) event.detail.shouldSwap = false;
}

function tellFound() {
  search.setAttribute("aria-expanded", String(options().length > 0));
  search.removeAttribute("aria-activedescendant");
  document.getElementById("found-told").textContent = found.querySelector(".tail")?.textContent ?? "";
}

if (search) {
  search.addEventListener("keydown", onSearchKey);
  search.addEventListener("input", () => { shut = false; });
  found.addEventListener("htmx:beforeSwap", dropStale);
  found.addEventListener("htmx:afterSwap", tellFound);
  search.addEventListener("htmx:responseError", closeFound);
  search.addEventListener("htmx:sendError", closeFound);
  search.form.addEventListener("focusout", (event) => {
    if (!search.form.contains(event.relatedTarget)) closeFound();
  });
}

// A pair that has the focus is answered by one letter; then the next one has it. A key that is held down answers once.
const held = new Set();
document.addEventListener("keyup", (event) => held.delete(event.key.toLowerCase()));
addEventListener("blur", () => held.clear());
document.addEventListener("keydown", (event) => {
  const pair = event.target.closest("[data-pair]");
  if (!pair || event.target.closest("textarea, select, input:not([type=radio])")) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.repeat || held.has(event.key.toLowerCase())) return;
  held.add(event.key.toLowerCase());
  pair.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (document.activeElement === document.body) event.target.querySelector?.("[data-pair]")?.focus();
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (search && event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  }
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});
