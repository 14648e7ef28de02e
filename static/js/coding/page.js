// The coding screen: ties rows, guide, player, keys and outbox together. docs/coding.md is the coder's view.

import { Outbox } from "../outbox.js";
import { showSaveState } from "../save_state.js";
import { Course } from "./course.js";
import { Finish, fill } from "./finish.js";
import { Guide } from "./guide.js";
import { TypeAhead, commandOf } from "./keys.js";
import { Rows, problemBox } from "./rows.js";

const NOTE = "_note";
const data = JSON.parse(document.getElementById("coding-data").textContent);
const { texts, urls } = data;
const isEnded = data.state === "closed" || data.state === "set-aside";
const isSubmitted = data.state === "submitted";
const player = document.querySelector("axial-player");
const part = (id) => document.getElementById(id);
const generalNote = part("general-note");
const undone = []; // {key, before}, the last change last
let isLeaving = false;

const rows = new Rows(part("values"), { rows: data.rows, texts, isClosed: isEnded });
const guide = new Guide({ rows, texts, url: urls.guide, change, seek: (ms) => player?.seek(ms) });
const outbox = new Outbox({
  storageKey: `axial:${data.user}:coding:${data.coding}`,
  url: urls.save,
  user: data.user,
  revisions: Object.fromEntries([...data.rows, data.note].map((row) => [row.key, row.revision])),
  onState: showState,
  onSaved: (entries, { isRemote }) => entries.forEach((entry) => showSaved(entry, isRemote)),
  onConflict: showConflict,
  onRefused: showRefused,
  onRestore: (key, fields) => showFields(key, fields),
});
const course = new Course({ urls, course: data.course, user: data.user, player, isClosed: isEnded || isSubmitted });
const finish = new Finish({ data, rows, outbox, course, tell, leave });
const jump = new TypeAhead(data.rows);

// --- changing ---------------------------------------------------------------------------------

/** Every change goes this way: onto the page, into the outbox, onto the list of what can be undone. */
function change(key, fields, { delay = 0, isUndoable = true } = {}) {
  if (isEnded) return say(texts.closed);
  if (isUndoable) {
    const state = rows.get(key);
    undone.push({ key, before: Object.fromEntries(Object.keys(fields).map((name) => [name, state[name]])) });
  }
  showFields(key, "stance" in fields ? { ...fields, rest: false } : fields);
  outbox.put(key, fields, { delay });
}

function setStance(key, stance) {
  if (!data.scale.includes(stance) && stance !== null) return;
  if (stance === null && isSubmitted) return tell(texts.noClearing, { kind: "warn" });
  if (rows.get(key).stance === stance) return; // a second click is not a second wish
  change(key, { stance });
  say(`${rows.get(key).short}: ${texts.stances[String(stance)]}`);
}

// A new change with a revision of its own: it cannot bring back what was changed elsewhere since.
function undo() {
  const last = undone.pop();
  if (!last) return tell(texts.nothingToUndo);
  if (last.before.stance === null && isSubmitted) return tell(texts.noClearing, { kind: "warn" });
  change(last.key, last.before, { isUndoable: false });
  rows.go(last.key);
  say(fill(texts.undone, { name: rows.get(last.key).short, stance: rows.said(last.key) }));
}

function stamp(key) {
  if (!player) return tell(texts.noVideo, { kind: "warn" });
  const { evidence } = rows.get(key);
  const start_ms = player.currentMs;
  if (evidence.some((seen) => Math.abs(seen.start_ms - start_ms) < 100)) return;
  if (evidence.length >= 30) return tell(texts.evidenceFull, { kind: "warn" });
  const more = [...evidence, { start_ms, end_ms: null }];
  change(key, { evidence: more.sort((one, other) => one.start_ms - other.start_ms) });
  say(`${rows.get(key).short}: ${rows.said(key)}`);
}

function toggleUnsure(key) {
  change(key, { unsure: !rows.get(key).unsure });
  say(`${rows.get(key).short}: ${rows.said(key)}`);
}

// --- showing ----------------------------------------------------------------------------------

function showFields(key, fields) {
  if (key === NOTE) {
    if ("note" in fields && document.activeElement !== generalNote) generalNote.value = fields.note;
    return;
  }
  rows.show(key, fields);
  guide.refresh(key);
  showProgress();
  finish.refresh();
}

function showSaved(entry, isRemote) {
  if (entry.isSettled) {
    showFields(entry.key, entry);
    showProblem(entry.key);
  }
  if (!isRemote) return;
  for (let n = undone.length - 1; n >= 0; n -= 1) if (undone[n].key === entry.key) undone.splice(n, 1);
  showProgress();
}

function showConflict(key, { mine, theirs }) {
  const there = Object.fromEntries(Object.keys(mine).map((name) => [name, theirs[name]]));
  const describe = (fields) => (key === NOTE ? `“${fields.note}”` : rows.describe(fields));
  const text = fill(texts.conflict, { theirs: describe(there), mine: describe(mine) });
  const decide = (whose) => () => {
    showProblem(key);
    outbox.keep(key, whose);
    if (key !== NOTE) rows.go(key);
  };
  showFields(key, { ...theirs, ...mine });
  showProblem(key, { kind: "conflict", text, ways: [[texts.keepTheirs, decide("theirs")], [texts.keepMine, decide("mine")]] });
}

function showRefused(key, { message }) {
  const discard = () => { outbox.drop(key); location.reload(); };
  showProblem(key, { kind: "failed", text: fill(texts.refused, { why: message }), ways: [[texts.discard, discard]] });
}

function showProblem(key, problem = {}) {
  if (key !== NOTE) return rows.problem(key, problem);
  part("general-problem").replaceChildren(...(problem.kind ? [problemBox(problem.text, problem.ways)] : []));
  if (problem.kind) part("general-problem").closest("details").open = true;
}

function showProgress() {
  part("n-set").textContent = String(rows.nSet);
  part("meter").style.setProperty("inline-size", `${(100 * rows.nSet) / rows.keys.length}%`);
  document.querySelector('[data-do="undo"]').disabled = undone.length === 0;
  const label = rows.unset.length && !isEnded && !isSubmitted ? texts.restAndSubmit : texts.submit;
  part("finish-label").textContent = label;
}

function showState(told) {
  const news = showSaveState(told);
  if (news) say(news);
  if (told.state === "saved") finish.refresh(); // what it said of the connection holds no more
}

/** To whoever listens to the page rather than looking at it: short, and only the newest. */
function say(text) {
  part("said").textContent = text;
}

/** To everybody, in the corner. */
function tell(content, { kind = "info", seconds = 5 } = {}) {
  const item = part("toast-template").content.firstElementChild.cloneNode(true);
  item.dataset.kind = kind;
  item.querySelector(".toast-text").replaceChildren(content);
  part("toasts").append(item);
  setTimeout(() => item.remove(), seconds * 1000);
}

function showLetters() {
  const place = part("letters");
  place.textContent = fill(texts.jump, { letters: jump.letters });
  place.hidden = false;
  clearTimeout(showLetters.timer);
  showLetters.timer = setTimeout(() => { place.hidden = true; }, 900);
}

// --- acting -----------------------------------------------------------------------------------

function leave(url) {
  isLeaving = true;
  location.assign(url);
}

const goOn = () => leave(urls.next);

const acts = {
  none: () => {},
  stance: (stance) => {
    if (!data.scale.includes(stance)) return;
    setStance(rows.current, stance);
    rows.move(1);
  },
  clear: () => setStance(rows.current, null),
  undo,
  move: (by) => rows.move(by),
  unset: (by) => rows.moveToUnset(by),
  edge: (which) => rows.edge(which),
  letter: (letter) => {
    const key = jump.push(letter, rows.current);
    if (key) rows.go(key);
    showLetters();
  },
  stamp: () => stamp(rows.current),
  unsure: () => toggleUnsure(rows.current),
  note: () => guide.write(),
  guide: () => {
    if (guide.isOpen) return acts.escape();
    guide.toggle(true);
    guide.panel.focus();
  },
  generalNote: () => {
    guide.toggle(true);
    generalNote.closest("details").open = true;
    generalNote.focus();
  },
  keys: () => part("keys").showModal(),
  escape: () => {
    jump.clear();
    guide.toggle(false);
    if (finish.isOpen) finish.close();
    else rows.go(rows.current);
  },
  toggle: () => player?.toggle(),
  seek: (ms) => player?.step(ms),
  slower: () => player?.stepRate(-1),
  faster: () => player?.stepRate(1),
  mute: () => player?.toggleMuted(),
  loop: () => player?.setLoop(!player.loop),
  captions: () => player?.toggleCaptions(),
  restart: () => player?.seek(0),
  finish: () => {
    if (isEnded || isSubmitted) goOn();
    else if (finish.isOpen) finish.confirm();
    else finish.open();
  },
  submit: () => (isEnded || isSubmitted ? goOn() : finish.isOpen ? finish.confirm() : finish.submitAsItIs()),
  park: () => (isEnded || isSubmitted ? say(texts.closed) : finish.park(!data.isParked)),
  setAside: () => (isEnded ? say(texts.closed) : finish.askWhySetAside()),
};
const WHILE_SUMMARY_IS_OPEN = new Set([
  "none", "finish", "submit", "escape", "toggle", "seek", "slower", "faster", "mute", "loop", "captions", "restart",
]);

function isTyping(target) {
  return target.closest?.('textarea, select, input:not([type="radio"]), [contenteditable]') !== null;
}

function onKey(event) {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const { target } = event;
  if (isTyping(target)) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    outbox.flush();
    return acts.escape();
  }
  const isPressed = ["Enter", " "].includes(event.key) && !event.ctrlKey && !event.metaKey;
  if (isPressed && target.closest?.("button, a[href], summary")) return; // it means that control
  if (event.key === " " && target.matches?.('input[type="radio"]')) return;
  const command = commandOf(event);
  if (!command || (finish.isOpen && !WHILE_SUMMARY_IS_OPEN.has(command.name))) return;
  event.preventDefault();
  acts[command.name](command.arg);
}

function onRowClick(event) {
  const row = event.target.closest(".value-row");
  if (!row) return;
  const { key } = row.dataset;
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (key !== rows.current) rows.go(key, { focus: false, scroll: false });
  if (act === "note") guide.write();
  else if (act === "guide") guide.toggle(true);
  else if (act === "stamp") stamp(key);
  else if (act === "unsure") toggleUnsure(key);
  else if (act === "evidence") nextMoment(key);
  // The keys go on from here; a radio button in focus would take the arrows for itself.
  if (event.detail > 0 && act !== "note" && !event.target.closest(".value-problem")) rows.go(key, { scroll: false });
}

function nextMoment(key) {
  const { evidence } = rows.get(key);
  const next = evidence.find((seen) => seen.start_ms > (player?.currentMs ?? 0) + 50) ?? evidence[0];
  player?.seek(next.start_ms);
}

// A click on the player leaves the keyboard with the rows.
function backToRows(event) {
  if (event.detail > 0 && !event.target.closest("select, a")) rows.go(rows.current);
}

function listen() {
  document.addEventListener("keydown", onKey);
  rows.root.addEventListener("change", ({ target }) => {
    if (target.type === "radio") setStance(target.closest(".value-row").dataset.key, Number(target.value));
  });
  rows.root.addEventListener("click", onRowClick);
  rows.root.addEventListener("focusin", ({ target }) => {
    const key = target.closest(".value-row")?.dataset.key;
    if (key && key !== rows.current) rows.go(key, { focus: false, scroll: false });
  });
  document.querySelector(".coding-video").addEventListener("click", backToRows);
  generalNote.addEventListener("input", () => outbox.put(NOTE, { note: generalNote.value }, { delay: 700 }));
  const does = {
    undo, finish: acts.finish, confirm: () => finish.confirm(), closeSummary: () => finish.close(),
    park: acts.park, setAside: acts.setAside, takeBack: () => finish.takeBack(),
    guide: () => guide.toggle(), closeGuide: acts.escape, stamp: acts.stamp, unsure: acts.unsure, clear: acts.clear,
  };
  document.addEventListener("click", (event) => {
    const name = event.target.closest?.("[data-do]")?.dataset.do;
    if (name) does[name]();
  });
  addEventListener("beforeunload", (event) => {
    if (outbox.pending && !isLeaving) event.preventDefault();
  });
}

async function begin() {
  await outbox.start();
  listen();
  part("finish-label").closest("button").hidden = isEnded || isSubmitted;
  part("next").hidden = !(isEnded || isSubmitted);
  for (const name of ["park", "setAside"]) {
    document.querySelector(`[data-do="${name}"]`).hidden = isEnded || (name === "park" && isSubmitted);
  }
  generalNote.disabled = isEnded;
  showProgress();
  const after = part("after-toast");
  if (after) tell(after.content.cloneNode(true), { seconds: 8 });
  const address = new URL(location.href);
  address.searchParams.delete("after");
  history.replaceState(null, "", address);
  part("coding").dataset.ready = "";
  if (document.activeElement === document.body) rows.go(rows.current);
  setTimeout(() => course.fetchAhead(), 2500);
}

begin();
