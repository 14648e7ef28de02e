// The rows: what each value holds on this page, how it is drawn, and which one the cursor is on.

import { clock } from "../player.js";

/** "1:23.4" → "1:23": chips are clicked, not measured. */
export const moment = (ms) => clock(ms).replace(/\.\d$/, "");

export class Rows {
  constructor(root, { rows, texts, isClosed }) {
    Object.assign(this, { root, texts, isClosed });
    this.states = new Map(rows.map((row) => [row.key, { ...row }]));
    this.keys = rows.map((row) => row.key);
    this.elements = new Map();
    const marks = document.getElementById("row-marks").content.firstElementChild;
    for (const element of root.querySelectorAll(".value-row")) {
      element.append(marks.cloneNode(true));
      this.elements.set(element.dataset.key, element);
    }
    this.current = this.keys.find((key) => this.states.get(key).stance === null) ?? this.keys[0];
    for (const key of this.keys) this.draw(key);
    this.#mark();
  }

  get(key) { return this.states.get(key); }
  get unset() { return this.keys.filter((key) => this.get(key).stance === null); }
  get nSet() { return this.keys.length - this.unset.length; }

  /** The row's fields become these. */
  show(key, fields) {
    const state = this.get(key);
    if (!state) return;
    for (const name of ["stance", "unsure", "note", "evidence", "rest"]) {
      if (name in fields) state[name] = fields[name];
    }
    this.draw(key);
  }

  draw(key) {
    const element = this.elements.get(key);
    const state = this.get(key);
    for (const input of element.querySelectorAll("input")) {
      input.checked = input.value === String(state.stance);
      input.disabled = this.isClosed;
    }
    const [time, stamp, note, unsure] = ["evidence", "stamp", "note", "unsure"].map(
      (act) => element.querySelector(`[data-act="${act}"]`),
    );
    const [first] = state.evidence;
    time.hidden = !first;
    stamp.classList.toggle("is-set", false);
    if (first) {
      const more = state.evidence.length > 1 ? ` +${state.evidence.length - 1}` : "";
      time.textContent = moment(first.start_ms) + more;
      time.setAttribute("aria-label", this.texts.seekEvidence.replace("%(time)s", moment(first.start_ms)));
    }
    note.classList.toggle("is-set", state.note !== "");
    note.title = state.note || note.ariaLabel;
    unsure.setAttribute("aria-pressed", String(state.unsure));
    stamp.disabled = unsure.disabled = this.isClosed;
    element.querySelector('[data-part="said"]').textContent = this.said(key);
  }

  /** The row in words, for those who hear it. */
  said(key) {
    const { stance, unsure, note, evidence } = this.get(key);
    return this.describe({
      stance, ...(unsure && { unsure }), ...(note && { note: "" }), ...(evidence.length && { evidence }),
    });
  }

  /** Some fields of a row in words. */
  describe(fields) {
    const parts = [];
    if ("stance" in fields) parts.push(this.texts.stances[String(fields.stance)]);
    if (fields.unsure) parts.push(this.texts.unsure);
    if ("note" in fields) parts.push(fields.note ? `${this.texts.note} “${fields.note}”` : this.texts.note);
    if (fields.evidence?.length) parts.push(fields.evidence.map((seen) => moment(seen.start_ms)).join(" "));
    else if ("evidence" in fields) parts.push(`${this.texts.evidence}: –`);
    return parts.join(", ");
  }

  /** Moves the cursor, with it the focus, and the row into view; not under a finger that is about to lift. */
  go(key, { focus = true, scroll = true } = {}) {
    if (!this.elements.has(key)) return;
    this.current = key;
    this.#mark();
    const element = this.elements.get(key);
    if (focus) element.focus({ preventScroll: true });
    if (scroll) element.scrollIntoView({ block: "nearest" });
    this.root.dispatchEvent(new CustomEvent("axial:row", { detail: { key } }));
  }

  move(by) {
    const at = this.keys.indexOf(this.current) + by;
    this.go(this.keys[Math.min(Math.max(0, at), this.keys.length - 1)]);
  }

  edge(which) { this.go(which < 0 ? this.keys[0] : this.keys.at(-1)); }

  /** The next row without an answer in this direction, going round; stays where there is none. */
  moveToUnset(by) {
    const at = this.keys.indexOf(this.current);
    const inTurn = this.keys.map((_, n) => this.keys.at((at + by * (n + 1)) % this.keys.length));
    this.go(inTurn.find((key) => this.get(key).stance === null) ?? this.current);
  }

  /** Puts a problem with its ways out under a row; none clears it. */
  problem(key, { kind = "", text = "", ways = [] } = {}) {
    const element = this.elements.get(key);
    element.querySelector(".value-problem")?.remove();
    element.classList.toggle("is-conflict", kind === "conflict");
    element.classList.toggle("is-failed", kind === "failed");
    if (kind) element.append(problemBox(text, ways));
  }

  #mark() {
    for (const [key, element] of this.elements) {
      const isCurrent = key === this.current;
      element.classList.toggle("is-current", isCurrent);
      element.tabIndex = isCurrent ? 0 : -1;
      // Within the current row Tab leads on to its buttons; through 19 × 7 of them it would lead nowhere.
      for (const control of element.querySelectorAll("input, .value-mark")) control.tabIndex = isCurrent ? 0 : -1;
    }
  }
}

/** What is wrong, and a button for each way out of it. */
export function problemBox(text, ways) {
  const box = document.createElement("div");
  box.className = "value-problem";
  box.setAttribute("role", "alert");
  const words = document.createElement("span");
  words.dir = "auto";
  words.textContent = text;
  box.append(words);
  for (const [label, act] of ways) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button is-small";
    button.textContent = label;
    button.addEventListener("click", act);
    box.append(button);
  }
  return box;
}
