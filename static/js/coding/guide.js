// The panel beside the rows: what the codebook says on the value under the cursor, its note and its evidence.

import { moment } from "./rows.js";

export class Guide {
  /** change(key, fields, options) stores; seek(ms) plays from there. */
  constructor({ rows, texts, url, change, seek }) {
    Object.assign(this, { rows, texts, change, seek });
    this.coding = document.getElementById("coding");
    this.panel = document.getElementById("guide");
    this.text = document.getElementById("guide-text");
    this.note = document.getElementById("guide-note");
    this.chips = document.getElementById("guide-evidence");
    this.key = null;
    this.note.disabled = rows.isClosed;
    this.note.addEventListener("input", () => change(this.key, { note: this.note.value }, { delay: 700, isUndoable: false }));
    rows.root.addEventListener("axial:row", ({ detail }) => this.show(detail.key));
    this.text.addEventListener("click", (event) => {
      const jump = event.target.closest("[data-jump]")?.dataset.jump;
      if (jump) rows.go(jump);
    });
    this.#load(url);
    this.show(rows.current);
  }

  /** Everything on one value. */
  show(key) {
    const isNew = key !== this.key;
    this.key = key;
    const state = this.rows.get(key);
    document.getElementById("guide-name").textContent = state.name;
    document.getElementById("guide-note-label").textContent = this.texts.noteOn.replace("%(name)s", state.name);
    if (isNew || document.activeElement !== this.note || this.note.value === "") this.note.value = state.note;
    const [stamp, unsure, clear] = ["stamp", "unsure", "clear"].map((act) => this.panel.querySelector(`[data-do="${act}"]`));
    unsure.setAttribute("aria-pressed", String(state.unsure));
    stamp.disabled = unsure.disabled = this.rows.isClosed;
    clear.disabled = this.rows.isClosed || state.stance === null;
    this.chips.replaceChildren(...state.evidence.map((seen) => this.#chip(seen)));
    for (const article of this.text.querySelectorAll("article")) article.hidden = article.dataset.entry !== key;
    if (isNew) this.panel.scrollTop = 0;
  }

  /** Drawn again if it shows this value: something changed it. */
  refresh(key) {
    if (key === this.key) this.show(key);
  }

  get isOpen() { return this.coding.classList.contains("is-guide-open"); }

  toggle(isOpen = !this.isOpen) {
    this.coding.classList.toggle("is-guide-open", isOpen);
    document.querySelector('[data-do="guide"]').setAttribute("aria-expanded", String(isOpen));
  }

  /** To the note's field; the panel opens where the screen is too narrow to have it beside the rows. */
  write() {
    this.toggle(true);
    this.note.focus();
  }

  #chip(seen) {
    const chip = document.getElementById("evidence-chip").content.firstElementChild.cloneNode(true);
    const [go, remove] = chip.querySelectorAll("button");
    const time = moment(seen.start_ms);
    go.textContent = time;
    go.setAttribute("aria-label", this.texts.seekEvidence.replace("%(time)s", time));
    go.addEventListener("click", () => this.seek(seen.start_ms));
    remove.setAttribute("aria-label", this.texts.removeEvidence.replace("%(time)s", time));
    remove.hidden = this.rows.isClosed;
    remove.addEventListener("click", () => {
      const left = this.rows.get(this.key).evidence.filter((other) => other.start_ms !== seen.start_ms);
      this.change(this.key, { evidence: left });
    });
    return chip;
  }

  async #load(url) {
    try {
      const response = await fetch(url, { credentials: "same-origin", redirect: "error" });
      if (!response.ok) throw new Error(response.statusText);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      this.text.replaceChildren(...page.body.childNodes);
    } catch {
      this.text.textContent = this.texts.guideMissing;
    }
    for (const jump of this.text.querySelectorAll("[data-jump]")) {
      jump.textContent = this.rows.get(jump.dataset.jump)?.name ?? jump.dataset.jump;
    }
    this.show(this.key);
  }
}
