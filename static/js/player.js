// <axial-player>: our own controls around a <video> that the server has drawn (docs/player.md).
//
// Other scripts use its methods and listen to its events; both are part of the contract:
//   play() pause() toggle() seek(ms) step(ms) setRate(x) stepRate(±1) setLoop(on) setMuted(on)
//   toggleMuted() toggleCaptions()
//   currentMs durationMs playedMs heardMs paused muted rate loop sound
//   axial:time    {currentMs, durationMs}              four times a second while playing, and after a seek
//   axial:played  {playedMs, heardMs, durationMs}      once a second while playing, and when it stops
//   axial:sound   {sound, muted, volume}               sound: "on", "quiet", "muted" or "silent"
//   axial:error   {kind}                               "format" or "network"
// All events bubble.

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];
const QUIET = 0.15; // a volume below this is as good as muted: it is said, and does not count as heard
const MEMORY = "axial-player"; // the speed and volume somebody likes, kept in their browser

/** Stretches of time, merged, so that what is played twice counts once. */
export class Spans {
  #spans = [];

  add(from, to) {
    if (!(to > from)) return;
    const apart = this.#spans.filter(([start, end]) => end < from || start > to);
    const touching = this.#spans.filter(([start, end]) => end >= from && start <= to);
    const start = Math.min(from, ...touching.map((span) => span[0]));
    const end = Math.max(to, ...touching.map((span) => span[1]));
    this.#spans = [...apart, [start, end]];
  }

  get total() {
    return Math.round(this.#spans.reduce((sum, [start, end]) => sum + end - start, 0));
  }
}

/** 83456 → "1:23.4"; tenths, because evidence is stamped more finely than seconds. */
export function clock(ms) {
  const tenths = Math.floor(Math.max(0, ms) / 100);
  const seconds = String(Math.floor(tenths / 10) % 60).padStart(2, "0");
  const minutes = Math.floor(tenths / 600);
  const hours = Math.floor(minutes / 60);
  const head = hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}` : minutes;
  return `${head}:${seconds}.${tenths % 10}`;
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(MEMORY)) ?? {};
  } catch {
    return {};
  }
}

function remember(what) {
  try {
    localStorage.setItem(MEMORY, JSON.stringify({ ...remembered(), ...what }));
  } catch {
    // a browser that keeps nothing plays all the same
  }
}

export class AxialPlayer extends HTMLElement {
  #video = null;
  #parts = {};
  #played = new Spans();
  #heard = new Spans();
  #last = null; // where playing was last seen, in ms; null while seeking
  #told = 0; // when axial:played was last sent
  #isDragging = false;

  connectedCallback() {
    if (this.#video) return;
    this.#video = this.querySelector("video");
    if (!this.#video) return;
    for (const part of this.querySelectorAll("[data-part]")) this.#parts[part.dataset.part] = part;
    this.#listenToVideo();
    this.#listenToControls();
    const { rate = 1, volume = 1 } = remembered();
    this.#video.volume = volume >= 0 && volume <= 1 ? volume : 1;
    this.setRate(RATES.includes(rate) ? rate : 1);
    this.#showTime();
    this.#showSound();
    this.#showPlaying();
    if (this.#video.error) this.#showError();
  }

  // --- what other scripts use -------------------------------------------------------------

  get video() { return this.#video; }
  get currentMs() { return Math.round((this.#video?.currentTime ?? 0) * 1000); }
  get durationMs() {
    const seconds = this.#video?.duration;
    return Number.isFinite(seconds) ? Math.round(seconds * 1000) : Number(this.dataset.durationMs) || 0;
  }
  get playedMs() { return this.#played.total; }
  get heardMs() { return this.#heard.total; }
  get paused() { return this.#video?.paused ?? true; }
  get muted() { return this.#video?.muted ?? false; }
  get rate() { return this.#video?.playbackRate ?? 1; }
  get loop() { return this.#video?.loop ?? false; }
  /** "on", "quiet", "muted", or "silent" where the video itself has no sound. */
  get sound() {
    if (this.dataset.sound === "silent") return "silent";
    if (!this.#video || this.#video.muted || this.#video.volume === 0) return "muted";
    return this.#video.volume < QUIET ? "quiet" : "on";
  }

  async play() {
    try {
      await this.#video?.play();
    } catch {
      // refused or interrupted: the button shows that it is paused, an error shows itself
    }
  }

  pause() { this.#video?.pause(); }
  toggle() { this.paused ? this.play() : this.pause(); }

  /** Goes to a time in ms, within the video. */
  seek(ms) {
    if (!this.#video || !Number.isFinite(ms)) return;
    const end = this.durationMs || Infinity;
    this.#video.currentTime = Math.min(Math.max(0, ms), end) / 1000;
    this.#showTime();
  }

  step(ms) { this.seek(this.currentMs + ms); }

  setRate(rate) {
    if (!this.#video) return;
    const to = Math.min(Math.max(Number(rate) || 1, RATES[0]), RATES.at(-1));
    this.#video.defaultPlaybackRate = this.#video.playbackRate = to;
  }

  /** The next faster (1) or slower (−1) speed. */
  stepRate(by) {
    const at = RATES.findIndex((rate) => rate >= this.rate);
    this.setRate(RATES[Math.min(Math.max(0, at + by), RATES.length - 1)]);
  }

  setLoop(on) {
    if (!this.#video) return;
    this.#video.loop = Boolean(on);
    this.#parts.loop?.setAttribute("aria-pressed", String(this.#video.loop));
  }

  setMuted(on) { if (this.#video) this.#video.muted = Boolean(on); }

  toggleMuted() {
    if (!this.#video) return;
    if (this.sound === "muted" && this.#video.volume === 0) this.#video.volume = 1;
    this.setMuted(!this.#video.muted && this.sound !== "muted");
  }

  toggleCaptions() {
    const track = this.#video?.textTracks[0];
    if (!track) return;
    track.mode = track.mode === "showing" ? "hidden" : "showing";
    this.#parts.captions?.setAttribute("aria-pressed", String(track.mode === "showing"));
  }

  // --- inside -----------------------------------------------------------------------------

  #listenToVideo() {
    const on = (names, act) => names.split(" ").forEach((name) => this.#video.addEventListener(name, act));
    on("timeupdate", () => { this.#count(); this.#showTime(); this.#tellPlayed(); });
    on("playing", () => { this.#last = this.#video.currentTime * 1000; });
    on("play pause ended", () => this.#showPlaying());
    on("pause ended", () => { this.#count(); this.#last = null; this.#tellPlayed({ now: true }); });
    on("seeking", () => { this.#countLoop(); this.#last = null; this.#showTime(); });
    on("seeked", () => { if (!this.paused) this.#last = this.#video.currentTime * 1000; this.#showTime(); });
    on("loadedmetadata durationchange", () => this.#showTime());
    on("volumechange", () => { this.#count(); this.#showSound(); remember({ volume: this.#video.volume }); });
    on("ratechange", () => {
      if (this.#parts.rate) this.#parts.rate.value = String(this.rate);
      remember({ rate: this.rate });
    });
    on("error", () => this.#showError());
    on("click", () => this.toggle());
    on("keydown", (event) => this.#onKey(event));
    this.#video.textTracks.addEventListener?.("addtrack", () => {
      if (this.#parts.captions) this.#parts.captions.hidden = false;
    });
  }

  #listenToControls() {
    const { toggle, back, forward, rate, loop, captions, sound, volume, seek } = this.#parts;
    toggle?.addEventListener("click", () => this.toggle());
    back?.addEventListener("click", () => this.step(-1000));
    forward?.addEventListener("click", () => this.step(1000));
    rate?.addEventListener("change", () => this.setRate(rate.value));
    loop?.addEventListener("click", () => this.setLoop(!this.loop));
    captions?.addEventListener("click", () => this.toggleCaptions());
    if (sound?.matches("button")) sound.addEventListener("click", () => this.toggleMuted());
    volume?.addEventListener("input", () => {
      this.#video.volume = Number(volume.value);
      this.setMuted(false);
    });
    seek?.addEventListener("pointerdown", () => { this.#isDragging = true; });
    for (const name of ["pointerup", "pointercancel", "change"]) {
      seek?.addEventListener(name, () => { this.#isDragging = false; });
    }
    seek?.addEventListener("input", () => this.seek(Number(seek.value)));
    seek?.addEventListener("keydown", (event) => this.#onSeekKey(event));
  }

  /** On the picture itself; the page's own keys are the page's affair. */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.#video) return;
    const acts = {
      " ": () => this.toggle(),
      k: () => this.toggle(),
      ArrowLeft: () => this.step(event.shiftKey ? -5000 : -1000),
      ArrowRight: () => this.step(event.shiftKey ? 5000 : 1000),
      Home: () => this.seek(0),
      End: () => this.seek(this.durationMs),
      m: () => this.toggleMuted(),
      l: () => this.setLoop(!this.loop),
      "<": () => this.stepRate(-1),
      ">": () => this.stepRate(1),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** A slider's own step of 1 ms would take forever: arrows go by a second, pages by five. */
  #onSeekKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = {
      ArrowLeft: -1000, ArrowDown: -1000, ArrowRight: 1000, ArrowUp: 1000, PageDown: -5000, PageUp: 5000,
    }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    this.step(by);
  }

  /** Adds what was played since the last look; a jump is not playing. */
  #count() {
    const now = this.#video.currentTime * 1000;
    if (this.#last === null || this.#video.seeking) return;
    if (now > this.#last) {
      this.#played.add(this.#last, now);
      if (this.#video.volume >= QUIET && !this.#video.muted) this.#heard.add(this.#last, now);
    }
    this.#last = now;
  }

  /** A repeat is a seek to the browser: the tail before it was played all the same. */
  #countLoop() {
    const { loop, currentTime } = this.#video;
    const end = this.durationMs;
    if (!loop || this.#last === null || currentTime > 0.5 || end - this.#last > 1000) return;
    this.#played.add(this.#last, end);
    if (this.#video.volume >= QUIET && !this.#video.muted) this.#heard.add(this.#last, end);
  }

  #tellPlayed({ now = false } = {}) {
    if (!now && performance.now() - this.#told < 1000) return;
    this.#told = performance.now();
    this.#tell("axial:played", {
      playedMs: this.playedMs, heardMs: this.heardMs, durationMs: this.durationMs,
    });
  }

  #showTime() {
    const { seek, time } = this.#parts;
    const at = this.currentMs;
    const of = this.durationMs;
    if (time) time.textContent = `${clock(at)} / ${clock(of)}`;
    if (seek) {
      seek.max = String(of);
      if (!this.#isDragging) seek.value = String(at);
      seek.style.setProperty("--at", of ? `${(100 * at) / of}%` : "0%");
      seek.setAttribute("aria-valuetext", `${clock(at)} ${this.dataset.textOf} ${clock(of)}`);
    }
    this.#tell("axial:time", { currentMs: at, durationMs: of });
  }

  #showPlaying() {
    const playing = !this.paused && !this.#video.ended;
    this.toggleAttribute("data-playing", playing);
    this.#parts.toggle?.setAttribute("aria-label", playing ? this.dataset.textPause : this.dataset.textPlay);
  }

  #showSound() {
    const { sound, volume } = this.#parts;
    if (sound?.matches("button")) {
      sound.dataset.state = this.sound;
      sound.setAttribute("aria-pressed", String(this.sound === "muted"));
    }
    if (volume) volume.value = String(this.#video.muted ? 0 : this.#video.volume);
    this.#tell("axial:sound", { sound: this.sound, muted: this.muted, volume: this.#video.volume });
  }

  #showError() {
    const kind = this.#video.error?.code === MediaError.MEDIA_ERR_NETWORK ? "network" : "format";
    const text = this.#parts["error-text"];
    if (text) text.textContent = kind === "network" ? text.dataset.textNetwork : text.dataset.textFormat;
    if (this.#parts.error) this.#parts.error.hidden = false;
    this.#tell("axial:error", { kind });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
}

if (!customElements.get("axial-player")) customElements.define("axial-player", AxialPlayer);
