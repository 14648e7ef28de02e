// The consolidation screen: rows, guide and keys around one outbox (js/outbox.js owns saving).

import { toast } from "../app.js";
import { Outbox, post } from "../outbox.js";
import { showSaveState } from "../save_state.js";
import { Guide } from "./guide.js";
import { listenToKeys } from "./keys.js";
import { Row, sign } from "./rows.js";

const RENEW_MS = 5 * 60_000;

const root = document.getElementById("consolidation");
const texts = root.dataset;
const isEditable = Boolean(texts.save);
const player = document.querySelector("axial-player");
const count = document.getElementById("count");
const finishButton = document.getElementById("finish");

const guide = new Guide(document.getElementById("guide"), {
  toggle: document.getElementById("guide-toggle"),
  frame: root,
});
const rows = [...root.querySelectorAll(".conflict")].map(
  (element) => new Row(element, { onChange: changed, isEditable }),
);
const byKey = new Map(rows.map((row) => [row.key, row]));
let current = null;
let isFinishing = false;
let evidenceAt = -1;

const outbox = isEditable
  ? new Outbox({
      storageKey: texts.storageKey,
      url: texts.save,
      user: texts.user,
      revisions: Object.fromEntries(rows.map((row) => [row.key, row.revision])),
      onState: showSaveState,
      onSaved,
      onConflict: (key, { theirs }) => byKey.get(key)?.showProblem("conflict", sign(theirs.stance)),
      onRefused: (key, { message }) => byKey.get(key)?.showProblem("refused", message),
      onRestore: (key, fields) => byKey.get(key)?.show(fields),
    })
  : null;

function changed(key, fields, options) {
  outbox.put(key, fields, options);
  showCount();
}

function onSaved(entries, { isRemote }) {
  for (const entry of entries) {
    const row = byKey.get(entry.key);
    if (!row || !entry.isSettled) continue;
    if (isRemote) row.show(entry);
    row.clearProblem();
  }
  showCount();
}

function showCount() {
  if (!count) return;
  const open = rows.filter((row) => row.isOpen);
  const decided = open.filter((row) => row.isDecided).length;
  const isAll = decided === open.length;
  count.textContent = isAll ? texts.textAll : `${decided} / ${open.length}`;
  finishButton.classList.toggle("is-waiting", !isAll);
}

function visibleRows() {
  return rows.filter((row) => row.element.checkVisibility());
}

function select(row, { focus = true } = {}) {
  if (!row || row === current) return;
  const top = row.element.getBoundingClientRect().top;
  current?.element.classList.remove("is-current");
  current?.element.removeAttribute("aria-current");
  current = row;
  evidenceAt = -1;
  row.element.classList.add("is-current");
  row.element.setAttribute("aria-current", "true");
  guide.show(row.key);
  if (focus) {
    row.element.focus({ preventScroll: true });
    row.element.scrollIntoView({ block: "nearest" });
  } else {
    // The row above has folded: what was clicked stays under the pointer.
    const by = row.element.getBoundingClientRect().top - top;
    const scroller = row.element.closest(".coding-values");
    if (scroller.scrollHeight > scroller.clientHeight) scroller.scrollTop += by;
    else window.scrollBy(0, by);
  }
}

function step() {
  const all = visibleRows();
  const after = all.slice(all.indexOf(current) + 1);
  const next = after.find((row) => !row.isDecided) ?? all.find((row) => !row.isDecided);
  if (next) select(next);
}

function play(ms) {
  if (!player) return false;
  player.seek(ms);
  player.play();
  return true;
}

async function end(body) {
  if (!isEditable || isFinishing) return;
  const missing = rows.filter((row) => row.isOpen && !row.isDecided);
  if (missing.length && !body.set_aside) {
    const names = missing.map((row) => row.element.querySelector("h3").textContent).join(", ");
    toast(texts.textUndecided.replace("%s", names), { kind: "warn" });
    select(missing[0]);
    return;
  }
  isFinishing = true;
  finishButton.setAttribute("aria-disabled", "true");
  try {
    await deliver(body);
  } finally {
    isFinishing = false;
    finishButton.removeAttribute("aria-disabled");
  }
}

async function deliver(body) {
  if (!(await outbox.settle())) {
    toast(texts.textUnsaved, { kind: "bad" });
    return;
  }
  let answer;
  try {
    const response = await post(texts.finish, { next: true, ...body }, { user: texts.user });
    answer = await response.json();
  } catch {
    toast(texts.textFailed, { kind: "bad" });
    return;
  }
  if (answer.location) {
    location.assign(answer.location);
    return;
  }
  toast(answer.message ?? texts.textFailed, { kind: "bad" });
  if (answer.keys?.length) select(byKey.get(answer.keys[0]));
}

async function renew() {
  if (document.visibilityState !== "visible") return;
  const response = await post(texts.renew, {}, { user: texts.user }).catch(() => null);
  const answer = response?.ok ? await response.json().catch(() => null) : null;
  if (answer?.held === false) toast(texts.textLost, { kind: "bad" });
}

const did = (what) => (what, true);

listenToKeys({
  move(by) {
    const all = visibleRows();
    const at = all.indexOf(current);
    select(all[Math.min(Math.max(0, at + by), all.length - 1)]);
    return true;
  },
  decide(stance) {
    if (!current || !isEditable) return false;
    if (current.decide(stance) && stance !== null) step();
    return true;
  },
  side(letter) {
    const given = current?.given(letter);
    if (given === undefined || !isEditable) return false;
    if (given !== null && current.decide(given)) step();
    return true;
  },
  tag: (number) => Boolean(current && isEditable) && did(current.toggleTag(number)),
  flag: () => Boolean(current && isEditable) && did(current.toggleFlag()),
  reason: () => Boolean(current && isEditable) && did(current.reason.focus()),
  precedents() {
    if (!current) return false;
    if (!guide.reveal(current.key, "precedents")) toast(texts.textNoPrecedents);
    return true;
  },
  ask: () => Boolean(current && isEditable) && did(guide.reveal(current.key, "ask")),
  guide: () => did(guide.open(!guide.isOpen)),
  evidence() {
    const chips = current?.evidence() ?? [];
    if (!chips.length) return false;
    evidenceAt = (evidenceAt + 1) % chips.length;
    return play(Number(chips[evidenceAt].dataset.ms));
  },
  play: () => Boolean(player) && did(player.toggle()),
  seek: (ms) => Boolean(player) && did(player.step(ms)),
  help: () => did(document.getElementById("keys").showModal()),
  finish: () => end({}),
  back() {
    if (guide.isOpen) guide.open(false);
    if (!root.contains(document.activeElement)) return;
    current?.element.focus({ preventScroll: true });
  },
});

// Choosing a row folds another, so a press must not do it: the button would move away before the release.
let isPressing = false;
root.addEventListener("pointerdown", () => { isPressing = true; });
for (const name of ["click", "pointercancel"]) window.addEventListener(name, () => { isPressing = false; });
root.addEventListener("focusin", (event) => {
  if (isPressing) return;
  const element = event.target.closest(".conflict");
  if (element) select(byKey.get(element.dataset.key), { focus: false });
});
root.addEventListener("click", (event) => {
  const element = event.target.closest(".conflict");
  const row = element && byKey.get(element.dataset.key);
  if (row) select(row, { focus: false });
  const chip = event.target.closest(".evidence");
  if (chip) play(Number(chip.dataset.ms));
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (row && (act === "precedents" || act === "ask")) guide.reveal(row.key, act);
  const keep = event.target.closest("[data-keep]")?.dataset.keep;
  if (row && keep) {
    row.clearProblem();
    if (keep === "drop") outbox.drop(row.key);
    else outbox.keep(row.key, keep);
  }
});
finishButton?.addEventListener("click", () => end({}));
document.getElementById("set-aside")?.addEventListener("click", () => end({ set_aside: true }));

await outbox?.start();
showCount();
select(rows.find((row) => row.isOpen && !row.isDecided) ?? rows.find((row) => row.isOpen) ?? visibleRows()[0], {
  focus: isEditable,
});
if (isEditable) setInterval(renew, RENEW_MS);
addEventListener("beforeunload", (event) => {
  if (outbox?.pending) event.preventDefault();
});
root.dataset.ready = "";
