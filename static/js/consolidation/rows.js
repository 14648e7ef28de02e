// One row a value: what the consolidator chose, shown and read back. Knows neither keys nor the network.

const WORDS = { "-1": "−", 0: "0", 1: "+", 2: "++" };

export class Row {
  /** onChange(key, fields, {delay}) is told of everything the person does here. */
  constructor(element, { onChange, isEditable }) {
    this.element = element;
    this.key = element.dataset.key;
    this.isOpen = "open" in element.dataset;
    this.radios = [...element.querySelectorAll(`input[name="decision-${this.key}"]`)];
    this.tags = [...element.querySelectorAll(`input[name="tags-${this.key}"]`)];
    this.reason = element.querySelector("textarea");
    this.flag = element.querySelector("[data-act=flag]");
    this.problem = element.querySelector(".conflict-problem");
    this.onChange = onChange;
    if (isEditable) this.#listen();
  }

  get revision() {
    return Number(this.element.dataset.revision);
  }

  /** The stance that is chosen; null if none is. */
  get stance() {
    const chosen = this.radios.find((radio) => radio.checked);
    return chosen ? Number(chosen.value) : null;
  }

  get isDecided() {
    return !this.isOpen || this.stance !== null;
  }

  /** What a side gave, by its letter; null if it is unset, undefined if there is no such side. */
  given(letter) {
    const side = this.element.querySelector(`.conflict-side[data-side="${letter}"]`);
    if (!side) return undefined;
    return side.dataset.given === "" ? null : Number(side.dataset.given);
  }

  evidence() {
    return [...this.element.querySelectorAll(".evidence")];
  }

  /** Chooses a stance as a click would; null takes the decision back. False if it is not on offer. */
  decide(stance) {
    const radio = this.radios.find((one) => Number(one.value) === stance);
    if (stance !== null && !radio) return false;
    this.show({ stance });
    this.onChange(this.key, { stance });
    return true;
  }

  toggleTag(number) {
    const tag = this.tags[number - 1];
    if (tag) tag.click();
  }

  toggleFlag() {
    this.flag?.click();
  }

  /** Shows fields as the server or an earlier page left them. */
  show({ stance, reason_tags: tags, reason, is_codebook_problem: flagged }) {
    if (stance !== undefined) {
      // A taken-back decision on an agreed value falls back on what everybody gave.
      const shown = stance === null && !this.isOpen ? Number(this.element.dataset.agreed) : stance;
      for (const radio of this.radios) radio.checked = shown !== null && Number(radio.value) === shown;
      this.element.classList.toggle("is-settled", stance !== null);
    }
    if (tags !== undefined) for (const tag of this.tags) tag.checked = tags.includes(tag.value);
    if (reason !== undefined) this.reason.value = reason;
    if (flagged !== undefined) this.flag?.setAttribute("aria-pressed", String(flagged));
  }

  /** Says that a change met another one, or was refused; the person decides. */
  showProblem(kind, detail) {
    const text = this.problem.querySelector("[data-part=text]");
    const template = kind === "conflict" ? text.dataset.textConflict : text.dataset.textRefused;
    text.textContent = template.replace("%s", detail);
    for (const button of this.problem.querySelectorAll("[data-keep]")) {
      button.hidden = (button.dataset.keep === "drop") === (kind === "conflict");
    }
    this.problem.hidden = false;
    this.element.classList.add("is-failed");
  }

  clearProblem() {
    this.problem.hidden = true;
    this.element.classList.remove("is-failed");
  }

  #listen() {
    for (const radio of this.radios) {
      radio.addEventListener("change", () => this.decide(Number(radio.value)));
    }
    for (const tag of this.tags) {
      tag.addEventListener("change", () => {
        const chosen = this.tags.filter((one) => one.checked).map((one) => one.value);
        this.onChange(this.key, { reason_tags: chosen });
      });
    }
    this.reason.addEventListener("input", () => {
      this.onChange(this.key, { reason: this.reason.value }, { delay: 900 });
    });
    this.flag.addEventListener("click", () => {
      const flagged = this.flag.getAttribute("aria-pressed") !== "true";
      this.show({ is_codebook_problem: flagged });
      this.onChange(this.key, { is_codebook_problem: flagged });
    });
  }
}

/** A stance as its sign, for sentences. */
export function sign(stance) {
  return WORDS[stance] ?? "–";
}
