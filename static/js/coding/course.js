// How much was played and heard, how long somebody worked, and fetching the next video ahead.

import { post } from "../outbox.js";

const IDLE_MS = 60_000; // without a key, a click or a playing video for this long nobody is at work
const TICK_MS = 1_000;
const REPORT_MS = 20_000;
const AHEAD_BYTES = 1_048_576; // what the server gives at once; enough to start at once

export class Course {
  constructor({ urls, course, user, player, isClosed }) {
    Object.assign(this, { urls, user, player, before: course, isClosed });
    this.activeMs = course.active_ms;
    this.lastSign = performance.now();
    this.lastTick = performance.now();
    this.reported = "";
    for (const name of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart"]) {
      addEventListener(name, () => { this.lastSign = performance.now(); }, { passive: true, capture: true });
    }
    setInterval(() => this.#tick(), TICK_MS);
    if (!isClosed) setInterval(() => this.report(), REPORT_MS);
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.report());
    addEventListener("pagehide", () => this.report());
  }

  /** Totals over all visits, as the server knows and adds them: only ever more. */
  totals() {
    return {
      played_ms: Math.max(this.before.played_ms, this.player?.playedMs ?? 0),
      heard_ms: Math.max(this.before.heard_ms, this.player?.heardMs ?? 0),
      active_ms: Math.round(this.activeMs),
    };
  }

  /** Tells the server; a report that fails is made up for by the next. */
  async report() {
    const totals = this.totals();
    const text = JSON.stringify(totals);
    if (this.isClosed || text === this.reported) return;
    try {
      const response = await post(this.urls.play, totals, { user: this.user });
      if (response.ok) this.reported = text;
    } catch {
      // offline: the next report carries the same totals and more
    }
  }

  /** Fetches the beginning of the video that would come next, once this one plays. */
  async fetchAhead() {
    if (this.isClosed || navigator.connection?.saveData) return;
    try {
      const answer = await fetch(this.urls.peek, { headers: { Accept: "application/json" }, redirect: "error" });
      const { media, poster } = await answer.json();
      if (poster) new Image().src = poster;
      if (media) await fetch(media, { headers: { Range: `bytes=0-${AHEAD_BYTES - 1}` }, priority: "low" });
    } catch {
      // no next video, or no connection: it will be loaded when it comes
    }
  }

  #tick() {
    const now = performance.now();
    const isAtWork = now - this.lastSign < IDLE_MS || (this.player && !this.player.paused);
    if (document.visibilityState === "visible" && isAtWork) this.activeMs += Math.min(now - this.lastTick, 5 * TICK_MS);
    this.lastTick = now;
  }
}
