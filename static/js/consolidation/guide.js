// The panel beside the rows: the codebook's text on the current value, precedents, questions.

export class Guide {
  constructor(root, { toggle, frame }) {
    this.root = root;
    this.toggle = toggle;
    this.frame = frame; // carries is-guide-open on narrow screens
    toggle?.addEventListener("click", () => this.open(!this.isOpen));
    root.addEventListener("toggle", (event) => this.#load(event.target), { capture: true });
  }

  get isOpen() {
    return this.frame.classList.contains("is-guide-open");
  }

  open(isOpen) {
    this.frame.classList.toggle("is-guide-open", isOpen);
    this.toggle?.setAttribute("aria-expanded", String(isOpen));
  }

  /** Shows what belongs to a value. */
  show(key) {
    for (const entry of this.root.querySelectorAll("[data-guide]")) {
      entry.hidden = entry.dataset.guide !== key;
    }
    this.root.scrollTop = 0;
  }

  /** Opens a part ("precedents", "ask") of a value's entry and goes there; false if it has none. */
  reveal(key, part) {
    this.show(key);
    const details = this.root.querySelector(`[data-guide="${key}"] [data-part="${part}"]`);
    if (!details) return false;
    this.open(true);
    details.open = true;
    details.scrollIntoView({ block: "nearest" });
    const field = details.querySelector("textarea");
    (field ?? details.querySelector("summary")).focus();
    return true;
  }

  // Precedents are fetched when somebody looks at them: htmx waits for this event.
  #load(details) {
    if (details.dataset?.part !== "precedents" || !details.open) return;
    details.querySelector("[hx-get]")?.dispatchEvent(new CustomEvent("axial:open"));
  }
}
