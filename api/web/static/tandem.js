// What the pages do besides being pages. All of them work without it.
"use strict";

const every = (root, selector, f) => root.querySelectorAll(selector).forEach(f);
const loginPage = "/login?why=idle";

// A page that the browser kept (bfcache) is asked for again: after a log-out
// there is nothing to go back to.
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });

// The server's time: a device's own clock may be wrong.
const ahead = Date.parse(document.body.dataset.now) - Date.now();
const now = () => Date.now() + ahead;
const clock = (seconds) => {
  const two = (n) => String(n).padStart(2, "0");
  const s = Math.max(0, Math.floor(seconds));
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
};
// A countdown is there while it is known that it goes on. A secret whose time is
// over leaves the page, whether the server can be reached or not.
let reached = true;
const countDown = () => {
  every(document, "[data-countdown]", (e) => {
    e.textContent = clock((Date.parse(e.dataset.countdown) - now()) / 1000);
    e.hidden = !reached;
  });
  every(document, "[data-until]", (part) => {
    if (Date.parse(part.dataset.until) > now()) return;
    delete part.dataset.until;
    part.replaceChildren(part.querySelector("[data-over]").content.cloneNode(true));
  });
};

// A password hides itself, leaves the page with it, and the clipboard too where
// the browser allows.
every(document, "[data-secret]", (card) => {
  const details = card.querySelector("details");
  const after = Number(card.dataset.hideAfter) * 1000;
  let timer;
  details?.addEventListener("toggle", () => {
    clearTimeout(timer);
    if (!details.open) return;
    timer = setTimeout(() => { details.open = false; }, after);
  });
  const hides = card.querySelector("[data-hides]");
  if (hides) hides.textContent = hides.dataset.hides;
  const copy = card.querySelector("[data-copy]");
  const says = card.querySelector("[data-says]");
  if (!copy || !navigator.clipboard) return;
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(card.querySelector("[data-password]").textContent);
    } catch {
      says.textContent = copy.dataset.failed;
      return;
    }
    says.textContent = copy.dataset.copied;
    setTimeout(async () => {
      try {
        await navigator.clipboard.writeText("");
        says.textContent = copy.dataset.cleared;
      } catch { /* the page has no focus: what it said still stands */ }
    }, after);
  });
});
every(document, "[data-print]", (button) => {
  button.hidden = false;
  button.addEventListener("click", () => print());
});
// The device's own time zone is the first that is offered.
every(document, "#zones", (list) => list.prepend(new Option("", Intl.DateTimeFormat().resolvedOptions().timeZone)));
addEventListener("pagehide", () => every(document, "[data-secret]", (card) => card.remove()));

// Live parts are fetched again when the ledger has grown, except one that
// somebody types in, or has typed in before it was refused.
const busy = (part) => part.contains(document.activeElement) && document.activeElement !== part &&
    document.activeElement.matches("input, select, textarea, button, summary") ||
  part.querySelector("details[open], form[data-typed]") !== null ||
  [...part.querySelectorAll("input:not([type=hidden]), textarea")].some((e) => e.type === "checkbox" ? e.checked !== e.defaultChecked : e.value !== e.defaultValue);

// What a part says, besides what is typed in it and what was said about that.
const says = (part) => {
  const copy = part.cloneNode(true);
  every(copy, "input, textarea, option, .wrong, .outdated, [data-countdown]", (e) => e.remove());
  return copy.textContent.replace(/\s+/g, " ").trim();
};

let missed = false;
document.addEventListener("htmx:oobBeforeSwap", (e) => {
  const {target, fragment} = e.detail, fresh = fragment.firstElementChild ?? fragment;
  if (target.dataset.while !== undefined) { // a secret stays as long as it counts, and no longer
    e.detail.shouldSwap = fresh.dataset.while !== target.dataset.while;
    return;
  }
  if (!busy(target)) return;
  e.detail.shouldSwap = false;
  const before = target.querySelector(".outdated"), changed = says(fresh) !== says(target);
  missed ||= changed;
  if (changed && !before) target.prepend(document.getElementById("outdated").content.cloneNode(true));
  if (!changed) before?.remove();
});
document.addEventListener("htmx:afterSettle", () => countDown());
const refresh = () => {
  const live = document.getElementById("live");
  const parts = [...document.querySelectorAll("[data-live]")].map((e) => "#" + e.id);
  live.setAttribute("hx-select-oob", parts.join(","));
  missed = false;
  htmx.trigger(live, "ledger");
};
setInterval(() => { if (missed) refresh(); }, 2000);

// The stream tells every second that nothing has happened. When it is silent the
// page looks for itself, and says so when it cannot: it is never wrong for three
// seconds without a sign.
if (document.body.dataset.ledger !== undefined) {
  let size = document.body.dataset.ledger, heard = Date.now(), seen = heard;
  const silent = 1500, old = 3000, minute = 60_000, stale = document.getElementById("stale");
  const exact = (t) => new Date(t + 1000 * document.body.dataset.offset).toISOString().slice(0, 19).replace("T", " "); // in the page's zone
  let source;
  const listen = () => {
    source = new EventSource("/events");
    source.addEventListener("ledger", (e) => {
      heard = seen = Date.now();
      if (e.data === size) return;
      size = e.data;
      refresh();
    });
    // A stream that was cut comes back by itself, one that was refused does not.
    source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5000); });
  };
  listen();
  document.addEventListener("htmx:afterOnLoad", (e) => { if (e.detail.xhr.status === 200) seen = Date.now(); });
  setInterval(() => {
    if (Date.now() - heard >= silent) {
      heard = Date.now(); // the next look is as long after this one
      refresh();
    }
    const could = reached;
    reached = Date.now() - seen < old;
    stale.hidden = reached;
    if (could && !reached) stale.querySelector("time").textContent = exact(seen + ahead);
    if (could !== reached) countDown();
  }, 250);
  setInterval(refresh, minute); // also what only time changes
  addEventListener("pagehide", () => source.close());
  // The log-out itself makes the ledger grow: whoever logs out goes where it
  // leads, not where a page without a session is led.
  document.getElementById("logout").addEventListener("submit", () => source.close());
}

// An impatient finger sends a form once: sent again, with the same code, it is refused.
const sent = new WeakMap();
document.addEventListener("submit", (e) => {
  if (e.timeStamp - (sent.get(e.target) ?? -Infinity) < 2000) e.preventDefault();
  else sent.set(e.target, e.timeStamp);
});

// Nobody here: a warning, then out.
if (document.body.dataset.idle !== undefined) {
  const idle = Number(document.body.dataset.idle) * 1000;
  const warn = Math.min(60_000, idle / 3);
  const dialog = document.getElementById("idle");
  const left = dialog.querySelector("[data-seconds]");
  let last = Date.now(), kept = last;
  const tabs = new BroadcastChannel("tandem-idle"); // who works in one tab is not idle in another
  tabs.onmessage = () => { last = Date.now(); if (dialog.open) dialog.close(); };
  tabs.postMessage("here");
  const here = () => {
    last = Date.now();
    tabs.postMessage("here");
    if (last - kept > idle / 3) { // the browser forgets the session unless a request renews it
      kept = last;
      fetch("/session/stay", {cache: "no-store"}).then((r) => { if (!r.ok || r.redirected) location.assign(loginPage); }, () => {});
    }
  };
  for (const what of ["pointerdown", "keydown", "scroll"]) {
    addEventListener(what, () => { if (!dialog.open) here(); }, {passive: true});
  }
  dialog.querySelector("[data-stay]").addEventListener("click", () => { dialog.close(); kept = 0; here(); });
  setInterval(() => {
    const rest = last + idle - Date.now();
    if (rest <= 0) {
      const out = document.getElementById("logout");
      const why = document.createElement("input");
      Object.assign(why, {type: "hidden", name: "why", value: "idle"});
      out.append(why);
      out.requestSubmit();
      last = Date.now();
    } else if (rest <= warn) {
      left.textContent = clock(rest / 1000).slice(3);
      if (!dialog.open) dialog.showModal();
    }
  }, 1000);
}

countDown();
setInterval(countDown, 1000);
// What a person's browser says its zone is counts until they choose another.
document.cookie = `tandem-zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; max-age=31536000; secure; samesite=strict`;
// Whoever is asked for one field again is there already.
if (!document.querySelector("[autofocus]")) document.getElementById("problem")?.scrollIntoView({block: "nearest"});
