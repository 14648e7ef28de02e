// The keyboard of the consolidation screen. Keys rest while somebody types, and in open dialogs.

const STANCES = { "-": -1, "−": -1, "–": -1, _: -1, 0: 0, "+": 1, "=": 1, "*": 2 };

const isTyping = (target) => target.matches?.("textarea, select, input:not([type=radio], [type=checkbox])");
const isPressable = (target) => target.closest?.("button, a, summary, label, [type=checkbox]");

/** desk: what the keys do; see main.js. */
export function listenToKeys(desk) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      desk.finish();
      return;
    }
    if (event.key === "Escape") {
      desk.back();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (act(desk, event)) event.preventDefault();
  });
}

// True when the key was ours.
function act(desk, event) {
  const { key, target } = event;
  if (event.repeat && !key.startsWith("Arrow")) return true; // a key held down decides once
  if (key === "ArrowDown" || key === "ArrowUp") return desk.move(key === "ArrowDown" ? 1 : -1);
  if (key === "ArrowLeft" || key === "ArrowRight") {
    if (target.type === "radio") return false; // within a control they choose, as everywhere
    return desk.seek((key === "ArrowRight" ? 1 : -1) * (event.shiftKey ? 5000 : 1000));
  }
  if (key === " ") {
    if (isPressable(target) || (target.type === "radio" && !target.checked)) return false;
    return desk.play();
  }
  if (key === "?") return desk.help();
  if (key in STANCES) return desk.decide(STANCES[key]);
  if (/^[1-9]$/.test(key)) return desk.tag(Number(key));
  // The letter on the key, whatever the layout: a Hebrew or Arabic keyboard has the same keys.
  const letter = /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : key.toLowerCase();
  const acts = {
    backspace: () => desk.decide(null),
    delete: () => desk.decide(null),
    r: () => desk.reason(),
    f: () => desk.flag(),
    p: () => desk.precedents(),
    q: () => desk.ask(),
    e: () => desk.evidence(),
    g: () => desk.guide(),
  };
  const chosen = acts[key.toLowerCase()] ?? acts[letter];
  if (chosen) return chosen();
  return letter.length === 1 && desk.side(letter);
}
