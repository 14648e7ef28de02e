// Which key means what on the coding screen, and jumping to a value by the first letters of its name.
//
// The scheme: plain letters find a value, Shift + letter does something, digits and signs answer. Letters of
// commands go by their place on the keyboard (event.code), so that they work in a Hebrew layout as well; signs
// go by what they print, since layouts put them elsewhere. No page is needed here: tested by node.

const BY_KEY = {
  Enter: "finish", Backspace: "clear", Delete: "clear", Escape: "escape", " ": "toggle", "?": "keys",
  "!": "unsure", ".": "stamp", "<": "slower", ">": "faster",
};
const BY_SHIFTED_CODE = {
  KeyN: "note", KeyD: "guide", KeyG: "generalNote", KeyE: "stamp", KeyU: "unsure", KeyM: "mute", KeyL: "loop",
  KeyC: "captions", KeyR: "restart", KeyP: "park", KeyX: "setAside",
};
const STANCE_BY_KEY = { 1: -1, 2: 0, 3: 1, 4: 2, "-": -1, "−": -1, 0: 0, "+": 1, "=": 1, "*": 2 };
const STANCE_BY_CODE = { Digit1: -1, Digit2: 0, Digit3: 1, Digit4: 2 };
const MAY_REPEAT = new Set(["move", "seek"]); // holding any other key down acts once

/** {name, arg} for a key press that means something here, else null. */
export function commandOf(event) {
  const command = find(event);
  return command && event.repeat && !MAY_REPEAT.has(command.name) ? { name: "none" } : command;
}

function find({ key, code, shiftKey, ctrlKey, metaKey, altKey, isComposing }) {
  if (isComposing) return null;
  if ((ctrlKey || metaKey) && !altKey) {
    if (code === "KeyZ" && !shiftKey) return { name: "undo" };
    return key === "Enter" ? { name: "submit" } : null;
  }
  if (altKey && key.length > 1) return null;
  if (key === "ArrowUp") return shiftKey ? { name: "unset", arg: -1 } : { name: "move", arg: -1 };
  if (key === "ArrowDown") return shiftKey ? { name: "unset", arg: 1 } : { name: "move", arg: 1 };
  // Time runs left to right in every language, as the seek bar does.
  if (key === "ArrowLeft") return { name: "seek", arg: shiftKey ? -5000 : -1000 };
  if (key === "ArrowRight") return { name: "seek", arg: shiftKey ? 5000 : 1000 };
  if (key === "Home") return { name: "edge", arg: -1 };
  if (key === "End") return { name: "edge", arg: 1 };
  if (key in BY_KEY) return { name: BY_KEY[key] };
  if (key in STANCE_BY_KEY) return { name: "stance", arg: STANCE_BY_KEY[key] };
  if (!shiftKey && code in STANCE_BY_CODE) return { name: "stance", arg: STANCE_BY_CODE[code] };
  if (shiftKey && code in BY_SHIFTED_CODE) return { name: BY_SHIFTED_CODE[code] };
  if (!shiftKey && !altKey && /^\p{L}$/u.test(key)) return { name: "letter", arg: { key, code } };
  return null;
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Finds rows by the first letters of their names, or of a word in them. */
export class TypeAhead {
  constructor(rows, { pause = 900, now = () => performance.now() } = {}) {
    this.rows = rows.map(({ key, name, short }) => ({
      key, names: [plain(short), plain(name)], words: plain(`${short} ${name}`).split(/[^\p{L}\p{N}]+/u),
    }));
    Object.assign(this, { pause, now, letters: "", last: -Infinity });
  }

  /** The row for what has been typed by now, looking from `current` on; null if there is none. */
  push({ key, code }, current) {
    if (this.now() - this.last > this.pause) this.letters = "";
    this.last = this.now();
    const byPlace = code.startsWith("Key") ? code.slice(3).toLowerCase() : ""; // a Latin name, another layout
    for (const letter of [plain(key), byPlace]) {
      if (!letter) continue;
      const letters = this.letters + letter;
      const isSame = [...letters].every((one) => one === letter);
      const found = this.#find(letters, current, letters.length === 1) ?? (isSame ? this.#find(letter, current, true) : null);
      if (found) {
        this.letters = letters;
        return found;
      }
    }
    return null;
  }

  clear() {
    this.letters = "";
  }

  // One letter looks beyond the current row, so that repeating it walks through all that begin so.
  #find(letters, current, isBeyond) {
    const at = Math.max(0, this.rows.findIndex((row) => row.key === current));
    const start = at + (isBeyond ? 1 : 0);
    const inTurn = [...this.rows.slice(start), ...this.rows.slice(0, start)];
    const byName = inTurn.find((row) => row.names.some((name) => name.startsWith(letters)));
    const row = byName ?? inTurn.find(({ words }) => words.some((word) => word.startsWith(letters)));
    return row?.key ?? null;
  }
}
