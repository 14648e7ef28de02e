// Where unsent changes outlive their page: one box per open page in localStorage, so that two tabs never
// overwrite each other's, and taking over the boxes of pages that are gone.

const STALE_MS = 150_000; // browsers wake a hidden tab about once a minute

export class Attic {
  constructor({ storageKey, storage, now, id, locks = globalThis.navigator?.locks ?? null }) {
    Object.assign(this, { prefix: `${storageKey}:`, storage, now, locks });
    this.name = this.prefix + id;
    this.isKept = storage !== null; // false: nothing survives this page, and the page says so
  }

  /** Shows other pages that this one is alive, for as long as it is. */
  open() {
    this.locks?.request(this.name, () => new Promise(() => {})).catch(() => {});
  }

  /** Stores the box as it is now; an empty one leaves nothing behind. */
  keep(box, { isLeft = false } = {}) {
    if (!this.storage) return;
    try {
      if (Object.values(box).every((part) => Object.keys(part).length === 0)) this.storage.removeItem(this.name);
      else this.storage.setItem(this.name, JSON.stringify({ ...box, seen: this.now(), isLeft }));
      this.isKept = true;
    } catch {
      this.isKept = false; // full, or forbidden meanwhile
    }
  }

  /** The page is closing: whoever opens next may take the box. */
  leave(box) {
    this.keep(box, { isLeft: true });
  }

  /** The box of a page that is gone, oldest first; null if there is none. It is ours from then on. */
  take(alive) {
    if (!this.storage) return null;
    const left = [];
    for (let index = 0; index < this.storage.length; index += 1) {
      const name = this.storage.key(index);
      if (!name.startsWith(this.prefix) || name === this.name) continue;
      const box = this.#read(name);
      if (box && this.#isGone(name, box, alive)) left.push({ name, box });
    }
    left.sort((one, other) => one.box.seen - other.box.seen);
    if (!left.length) return null;
    const { name, box: { seen, isLeft, ...box } } = left[0];
    // Ours first, theirs removed second: a crash between the two sends twice, which does no harm.
    this.keep(box);
    this.storage.removeItem(name);
    return box;
  }

  /** Names of the boxes whose pages are open; null where the browser cannot tell (plain http). */
  async alive() {
    if (!this.locks) return null;
    const { held } = await this.locks.query();
    return new Set(held.map((lock) => lock.name));
  }

  #isGone(name, box, alive) {
    if (box.isLeft) return true;
    return alive ? !alive.has(name) : this.now() - box.seen > STALE_MS;
  }

  #read(name) {
    try {
      return JSON.parse(this.storage.getItem(name));
    } catch {
      return null; // not ours, or damaged: left where it is
    }
  }
}
