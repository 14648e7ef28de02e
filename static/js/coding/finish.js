// The ways out of a video: the inline summary and submitting, parking, setting aside.

import { newId, post } from "../outbox.js";
import { saveStateWords } from "../save_state.js";

const FEW = 3; // names in a short message
const TOO_SOON_MS = 250; // a key that bounced has not confirmed what it has just opened

export class Finish {
  constructor({ data, rows, outbox, course, tell, leave }) {
    Object.assign(this, { data, rows, outbox, course, tell, leave, texts: data.texts });
    this.panel = document.getElementById("summary");
    this.asks = document.getElementById("summary-asks");
    this.confirmLabel = document.getElementById("confirm-label");
    this.isBusy = false;
    this.asked = [];
    this.dialog = document.getElementById("set-aside");
    this.dialog?.addEventListener("close", () => {
      if (this.dialog.returnValue === "yes") this.#setAside();
      this.dialog.returnValue = "";
    });
  }

  get isOpen() { return !this.panel.hidden; }

  /** Shows what is about to be handed in; the rows without an answer as the rest that becomes absent. */
  open() {
    this.mutation = newId();
    this.#show();
    this.panel.hidden = false;
    this.openedAt = performance.now();
    this.panel.focus();
  }

  /** Something changed under the open summary: what it lists is always what would be handed in. */
  refresh() {
    if (this.isOpen && !this.isBusy) this.#show();
  }

  close() {
    this.panel.hidden = true;
    this.rows.go(this.rows.current);
  }

  #show() {
    const { rows, texts } = this;
    const unset = rows.unset;
    const named = (keys) => keys.map((key) => rows.get(key).short).join(", ");
    this.rest = unset;
    this.asked = this.#questions();
    document.getElementById("summary-title").textContent = unset.length
      ? fill(texts.givenLine, { n: rows.nSet, total: rows.keys.length })
      : fill(texts.allSet, { total: rows.keys.length });
    const given = rows.keys.filter((key) => rows.get(key).stance);
    const list = document.getElementById("summary-given");
    list.replaceChildren(...given.map((key) => this.#line(key)));
    if (!given.length) list.append(Object.assign(document.createElement("li"), { textContent: texts.nothingGiven }));
    const rest = unset.length ? fill(texts.restLine, { n: unset.length, names: named(unset) }) : "";
    document.getElementById("summary-rest").textContent = rest;
    const unsure = rows.keys.filter((key) => rows.get(key).unsure);
    const unsureLine = unsure.length ? fill(texts.unsureLine, { names: named(unsure) }) : "";
    document.getElementById("summary-unsure").textContent = unsureLine;
    this.#ask(this.asked);
  }

  /** Without "the rest is absent": leads to what is missing, if anything is. */
  submitAsItIs() {
    const { unset } = this.rows;
    if (unset.length) {
      const names = unset.slice(0, FEW).map((key) => this.rows.get(key).short).join(", ");
      const text = unset.length > FEW ? this.texts.manyUnset : this.texts.stillUnset;
      this.tell(fill(text, { names, n: unset.length - FEW }), { kind: "warn" });
      this.rows.go(unset[0]);
      return;
    }
    this.open();
  }

  /** Waits for what is unsaved, then hands in; every way it can fail leaves everything as it was. */
  async confirm() {
    if (this.isBusy || performance.now() - this.openedAt < TOO_SOON_MS) return;
    this.isBusy = true;
    this.confirmLabel.textContent = this.texts.waitingToSave;
    try {
      if (!(await this.outbox.settle())) {
        this.#say(fill(this.texts.cannotSubmit, { state: saveStateWords() }));
        return;
      }
      await this.#send();
    } catch {
      this.#say(this.texts.notAnswered);
    } finally {
      this.isBusy = false;
      this.#label();
    }
  }

  async park(isParked) {
    if (!(await this.outbox.settle())) return this.tell(this.texts.offlineAct, { kind: "bad" });
    const answer = await this.#act(this.data.urls.park, { parked: isParked });
    if (!answer) return;
    this.data.isParked = answer.parked;
    document.querySelector('[data-do="park"]').setAttribute("aria-pressed", String(answer.parked));
    if (answer.parked) this.leave(this.#nextUrl());
    else this.tell(this.texts.unparked);
  }

  askWhySetAside() {
    this.dialog.showModal();
    this.dialog.querySelector("input").focus();
  }

  async takeBack() {
    if (await this.#act(this.data.urls.setAside, { undo: true })) location.reload();
  }

  async #setAside() {
    const because = this.dialog.querySelector("input:checked").value;
    const note = document.getElementById("set-aside-note").value;
    await this.outbox.settle();
    if (await this.#act(this.data.urls.setAside, { because, note })) this.leave(this.#nextUrl());
  }

  #nextUrl() {
    return `${this.data.urls.next}?after=${this.data.coding}`;
  }

  async #send() {
    const body = {
      mutation: this.mutation, rest: this.rest.length ? this.rest : null, acknowledged: this.asked,
      ...this.course.totals(),
    };
    const response = await post(this.data.urls.submit, body, { user: this.data.user });
    const answer = await response.json();
    if (answer.submitted) {
      this.leave(answer.next);
    } else if (answer.ask) {
      this.asked = [...new Set([...this.asked, ...answer.ask])];
      this.#ask(this.asked);
    } else {
      if (answer.rows) this.#takeOver(answer.rows);
      this.#say(answer.message);
    }
  }

  // The server had other rows than this page: show them before anything is decided on them.
  #takeOver(entries) {
    this.outbox.learn(entries);
    for (const entry of entries) this.rows.show(entry.key, entry);
    this.open();
  }

  async #act(url, body) {
    try {
      const response = await post(url, body, { user: this.data.user });
      const answer = await response.json();
      if (response.ok) return answer;
      this.tell(answer.message, { kind: "bad" });
    } catch {
      this.tell(this.texts.offlineAct, { kind: "bad" });
    }
    return null;
  }

  // As the server will ask (annotator.actions.coding_end), so that the summary asks at once.
  #questions() {
    const { video, hardly, state } = this.data;
    if (!video.isHeld || !video.durationMs || state === "submitted") return [];
    const { played_ms: played, heard_ms: heard } = this.course.totals();
    if (played < hardly * video.durationMs) return ["hardly_played"];
    return video.isAudible && heard < hardly * video.durationMs ? ["played_muted"] : [];
  }

  #ask(asks) {
    this.#say(asks.map((ask) => this.texts[ask] ?? ask).join(" "));
    this.#label();
  }

  #say(text) {
    if (this.asks.textContent === text) return; // said once is enough
    const line = document.createElement("p");
    line.className = "summary-ask";
    line.textContent = text;
    this.asks.replaceChildren(...(text ? [line] : []));
  }

  #label() {
    const { asked, rest, texts } = this;
    this.confirmLabel.textContent = asked.length ? texts.submitAnyway : rest.length ? texts.restAndSubmit : texts.submit;
  }

  #line(key) {
    const { short, stance } = this.rows.get(key);
    const line = document.createElement("li");
    const sign = document.createElement("span");
    sign.className = "stance";
    sign.dataset.stance = String(stance);
    sign.textContent = { "-1": "−", 1: "+", 2: "++" }[stance];
    sign.title = this.texts.stances[String(stance)];
    line.append(sign, ` ${short}`);
    return line;
  }
}

/** "%(n)s of %(total)s", as gettext's translators know it. */
export function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => String(values[name] ?? ""));
}
