// The browser's half of the outbox: every change is kept in localStorage until the server has acknowledged
// it, and sent in order, one request at a time. docs/decisions/0004-saving.md tells why; annotator/outbox.py
// is the server's half. Knows nothing of the page: runs under `node --test` as well.
//
//   const outbox = new Outbox({ storageKey, url, user, revisions, onState, onSaved, onConflict, ... });
//   await outbox.start();                      // takes over what a closed or crashed page left unsent
//   outbox.put("achievement", { stance: 1 });  // kept at once, sent soon, coalesced per key

import { Attic } from "./outbox_attic.js";

const RETRY_SECONDS = [1, 2, 4, 8, 15, 30];
const TIMEOUT_MS = 20_000;

/** POSTs JSON the way annotator.outbox.json_view expects it; rejects when the server cannot be reached. */
export function post(url, body, { user = "", timeout = TIMEOUT_MS, fetch = globalThis.fetch } = {}) {
  const text = JSON.stringify(body);
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() };
  if (user) headers["X-Axial-User"] = String(user);
  return fetch(url, {
    method: "POST",
    headers,
    body: text,
    credentials: "same-origin",
    redirect: "manual", // a redirect would be the login page, which must never pass for success
    keepalive: text.length < 16_000, // lets a request outlive the page that sent it
    signal: AbortSignal.timeout(timeout),
  });
}

// Read for every request: a login in another tab changes it.
function csrfToken() {
  const cookie = globalThis.document?.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/);
  if (cookie) return cookie[1];
  const inherited = globalThis.document?.body.getAttribute("hx-headers");
  return inherited ? JSON.parse(inherited)["X-CSRFToken"] : "";
}

/** A random id; crypto.randomUUID exists on https and localhost only. */
export function newId() {
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const emptyBox = () => ({ parcels: [], waiting: {}, conflicts: {}, refused: {} });
const isEmpty = (object) => Object.keys(object).length === 0;
const ignore = () => {};

export class Outbox {
  /**
   * storageKey: whose and what, e.g. "axial:7:coding:12"; url: where changes are posted; user: the user's id;
   * revisions: {key: revision} as the page was rendered.
   * onState({state, pending, message, isKept}): saved, saving, offline, login, conflict or error;
   *   "saved" only when nothing is left that the server has not acknowledged.
   * onSaved(entries, {isRemote}): the server's rows; entry.isSettled is false while newer changes wait.
   * onConflict(key, {mine, theirs}): shown, then decided by keep(key, "mine" | "theirs").
   * onRefused(key, {fields, message}): the server will never take it; put() anew or drop(key).
   * onRestore(key, fields): a change that an earlier page left unsent, to be shown over the server's state.
   */
  constructor({
    storageKey, url, user = "", revisions = {},
    onState = ignore, onSaved = ignore, onConflict = ignore, onRefused = ignore, onRestore = ignore,
    fetch = globalThis.fetch?.bind(globalThis), storage = safeStorage(), attic = null, now = Date.now,
  }) {
    Object.assign(this, { url, user, now, fetch, onState, onSaved, onConflict, onRefused, onRestore });
    this.revisions = new Map(Object.entries(revisions));
    this.attic = attic ?? new Attic({ storageKey, storage, now, id: newId() });
    this.box = emptyBox();
    this.trouble = null; // {state, message} since the last request failed
    this.failures = 0;
    this.isSending = false;
    this.timer = null;
    this.waiters = new Set();
    this.channel = globalThis.BroadcastChannel && globalThis.document ? new BroadcastChannel(storageKey) : null;
  }

  /** Takes over what earlier pages left, and begins to listen. Resolves when all of it has been shown. */
  async start() {
    this.attic.open();
    await this.#adopt();
    this.channel?.addEventListener("message", ({ data }) => this.#hear(data));
    if (globalThis.document) {
      globalThis.addEventListener("online", () => this.retry());
      globalThis.addEventListener("offline", () => this.#tell());
      globalThis.addEventListener("focus", () => this.trouble && this.retry());
      document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "hidden") this.flush();
        else if (this.trouble) this.retry();
      });
      globalThis.addEventListener("pagehide", () => this.attic.leave(this.box));
      globalThis.addEventListener("pageshow", (event) => event.persisted && location.reload());
      setInterval(() => this.#beat(), 20_000);
    }
    this.#tell();
    this.#send();
  }

  /** Keeps a change and sends it after `delay` ms; a later one to the same key is merged into it. */
  put(key, fields, { delay = 0 } = {}) {
    const conflict = this.box.conflicts[key];
    if (conflict) {
      Object.assign(conflict.mine, fields); // still to be decided by keep()
    } else {
      const refused = this.box.refused[key];
      delete this.box.refused[key];
      const waiting = (this.box.waiting[key] ??= { base: refused?.base ?? this.revision(key), fields: {} });
      Object.assign(waiting.fields, refused?.fields, fields);
      if (!(waiting.due <= this.now())) waiting.due = this.now() + delay; // what is due does not wait for typing
    }
    this.#changed();
    this.#send();
  }

  /** The newest revision of a row that the server has told us. */
  revision(key) {
    return this.revisions.get(key) ?? 0;
  }

  /** Fields of a row that the server has not acknowledged yet, merged; null if there are none. */
  unsent(key) {
    const merged = {};
    for (const parcel of this.box.parcels) {
      for (const { key: name, base, ...fields } of parcel.changes) if (name === key) Object.assign(merged, fields);
    }
    Object.assign(
      merged, this.box.waiting[key]?.fields, this.box.conflicts[key]?.mine, this.box.refused[key]?.fields,
    );
    return isEmpty(merged) ? null : merged;
  }

  /** How many rows hold something that the server has not acknowledged. */
  get pending() {
    const { parcels, waiting, conflicts, refused } = this.box;
    const sent = parcels.flatMap((parcel) => parcel.changes.map((change) => change.key));
    return new Set([...sent, ...Object.keys(waiting), ...Object.keys(conflicts), ...Object.keys(refused)]).size;
  }

  get state() {
    const { parcels, waiting, conflicts, refused } = this.box;
    if (parcels.length || !isEmpty(waiting)) {
      if (this.trouble) return this.trouble.state;
      return globalThis.navigator?.onLine === false ? "offline" : "saving";
    }
    if (!isEmpty(conflicts)) return "conflict";
    return isEmpty(refused) ? "saved" : "error";
  }

  /** Sends now what waits for its delay. */
  flush() {
    for (const waiting of Object.values(this.box.waiting)) waiting.due = 0;
    this.#send();
  }

  /** Tries again at once. */
  retry() {
    this.failures = 0;
    this.trouble = null;
    this.flush();
  }

  /** Resolves once there is nothing left to send (true) or sending is stuck (false). */
  async settle() {
    this.retry();
    while (this.state === "saving") await new Promise((resolve) => this.waiters.add(resolve));
    return this.state === "saved";
  }

  /** Decides a conflict: "mine" is sent again on top of theirs, "theirs" stays as it is. */
  keep(key, whose) {
    const conflict = this.box.conflicts[key];
    if (!conflict) return;
    delete this.box.conflicts[key];
    if (whose === "mine") {
      this.box.waiting[key] = { base: conflict.theirs.revision, fields: conflict.mine, due: 0 };
    } else {
      this.onSaved([{ ...conflict.theirs, isSettled: true }], { isRemote: true });
    }
    this.#changed();
    this.#send();
  }

  /** Gives up a change that the server refused. */
  drop(key) {
    delete this.box.refused[key];
    this.#changed();
  }

  /** The page has learnt rows from another answer of the server, e.g. of "the rest is absent". */
  learn(entries) {
    for (const entry of entries) this.revisions.set(entry.key, entry.revision);
    this.channel?.postMessage({ saved: entries });
  }

  async #adopt() {
    const alive = await this.attic.alive();
    // One page's box at a time: only then do its revisions tell what its changes were based on.
    const left = this.#isIdle() ? this.attic.take(alive) : null;
    if (!left) return;
    this.box = { ...emptyBox(), ...left };
    // What was undecided is sent again and comes back with what the server has now.
    const { parcels, waiting, conflicts, refused } = this.box;
    for (const [key, { base, mine }] of Object.entries(conflicts)) waiting[key] = { base, fields: mine };
    for (const [key, { base, fields }] of Object.entries(refused)) waiting[key] = { base, fields };
    Object.assign(this.box, { conflicts: {}, refused: {} });
    for (const entry of Object.values(waiting)) entry.due = 0;
    this.attic.keep(this.box);
    const sent = parcels.flatMap((parcel) => parcel.changes.map((change) => change.key));
    for (const key of new Set([...sent, ...Object.keys(waiting)])) this.onRestore(key, this.unsent(key));
  }

  // Another page may have closed and left something behind.
  async #lookAround() {
    await this.#adopt();
    if (this.#isIdle()) return;
    this.#tell();
    this.#send();
  }

  #isIdle() {
    return this.state === "saved";
  }

  #beat() {
    this.attic.keep(this.box);
    if (this.#isIdle()) this.#lookAround();
  }

  // Another tab of the same person saved something.
  #hear({ saved }) {
    for (const entry of saved) {
      // Ours is newer and based on what we saw: the server will call it a conflict, and it will be shown.
      if (this.unsent(entry.key)) continue;
      if (entry.revision <= this.revision(entry.key)) continue;
      this.revisions.set(entry.key, entry.revision);
      this.onSaved([{ ...entry, isSettled: true }], { isRemote: true });
    }
  }

  #changed() {
    this.attic.keep(this.box);
    this.#tell();
  }

  #tell() {
    const { state, pending } = this;
    const isStuck = state !== "saving";
    this.onState({ state, pending, message: this.trouble?.message ?? "", isKept: this.attic.isKept });
    if (isStuck) {
      for (const resolve of this.waiters) resolve();
      this.waiters.clear();
    }
  }

  #pack() {
    if (this.box.parcels.length) return this.box.parcels[0];
    const due = Object.entries(this.box.waiting).filter(([, { due }]) => (due ?? 0) <= this.now());
    if (!due.length) return null;
    const changes = due.map(([key, { base, fields }]) => ({ key, base, ...fields }));
    for (const [key] of due) delete this.box.waiting[key];
    const parcel = { mutation: newId(), changes };
    this.box.parcels.push(parcel);
    this.attic.keep(this.box); // with its id, before it leaves: a repeated request must be the same request
    return parcel;
  }

  async #send() {
    if (this.isSending) return;
    clearTimeout(this.timer);
    this.isSending = true;
    try {
      for (let parcel = this.#pack(); parcel; parcel = this.#pack()) {
        if (!(await this.#deliver(parcel))) break;
      }
    } finally {
      this.isSending = false;
    }
    this.#tell();
    if (this.#isIdle()) this.#lookAround();
    else this.#sleep();
  }

  #sleep() {
    clearTimeout(this.timer);
    if (this.trouble && this.box.parcels.length) {
      const seconds = RETRY_SECONDS[Math.min(this.failures, RETRY_SECONDS.length) - 1] ?? 0;
      this.timer = setTimeout(() => this.#send(), seconds * 1000);
      return;
    }
    const due = Object.values(this.box.waiting).map((waiting) => waiting.due ?? 0);
    if (due.length) this.timer = setTimeout(() => this.#send(), Math.max(0, Math.min(...due) - this.now()));
  }

  // True when the parcel is done with, one way or the other; false when it has to be sent again.
  async #deliver(parcel) {
    this.#tell();
    let response;
    try {
      response = await post(this.url, parcel, { user: this.user, fetch: this.fetch });
    } catch {
      return this.#fail("offline", "");
    }
    const answer = await response.json().catch(() => null);
    if (answer && Array.isArray(answer.saved)) {
      this.#acknowledge(parcel, answer);
      return true;
    }
    const message = answer?.message ?? "";
    const isLoggedOut = response.status === 401 || response.type === "opaqueredirect" || answer?.error === "csrf";
    if (isLoggedOut) return this.#fail("login", message);
    const { status } = response;
    const isFinal = answer && status >= 400 && status < 500 && ![408, 425, 429].includes(status);
    if (!isFinal) return this.#fail("error", message);
    this.#refuse(parcel, message);
    return true;
  }

  #fail(state, message) {
    this.trouble = { state, message };
    this.failures += 1;
    this.#changed();
    return false;
  }

  #done(parcel) {
    this.trouble = null;
    this.failures = 0;
    this.box.parcels = this.box.parcels.filter((other) => other !== parcel);
  }

  #acknowledge(parcel, { saved, conflicts = [] }) {
    this.#done(parcel);
    for (const { key, revision } of saved) {
      this.revisions.set(key, Math.max(revision, this.revision(key)));
      this.#rebase(key, revision);
    }
    for (const theirs of conflicts) {
      const { key: name, base, ...sent } = parcel.changes.find((change) => change.key === theirs.key);
      const mine = { ...sent, ...this.box.waiting[name]?.fields };
      delete this.box.waiting[name];
      this.revisions.set(name, theirs.revision);
      this.box.conflicts[name] = { base, mine, theirs };
    }
    const named = new Set([...saved, ...conflicts].map((entry) => entry.key));
    const ignored = parcel.changes.filter((change) => !named.has(change.key));
    if (ignored.length) this.#refuse({ changes: ignored }, ""); // never "saved" without the server's word
    this.attic.keep(this.box);
    if (saved.length) {
      this.onSaved(saved.map((entry) => ({ ...entry, isSettled: !this.unsent(entry.key) })), { isRemote: false });
      this.channel?.postMessage({ saved });
    }
    for (const { key } of conflicts) this.onConflict(key, this.box.conflicts[key]);
    this.#tell();
  }

  // What was done to a row while its earlier change was under way builds upon that change.
  #rebase(key, revision) {
    if (this.box.waiting[key]) this.box.waiting[key].base = revision;
    for (const parcel of this.box.parcels) {
      for (const change of parcel.changes) if (change.key === key) change.base = revision;
    }
  }

  #refuse(parcel, message) {
    this.#done(parcel);
    for (const { key, base, ...fields } of parcel.changes) {
      const waiting = this.box.waiting[key];
      delete this.box.waiting[key];
      this.box.refused[key] = { base, fields: { ...fields, ...waiting?.fields }, message };
    }
    this.attic.keep(this.box);
    for (const { key } of parcel.changes) this.onRefused(key, this.box.refused[key]);
    this.#tell();
  }
}

function safeStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null; // blocked by the browser's settings: changes then live as long as the page
  }
}
