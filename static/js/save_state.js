// The line that says where saving stands (templates/partials/save_state.html); the outbox tells, pages only show.

/** Shows what the outbox told; the words if they are news that somebody must hear, else "". */
export function showSaveState({ state, message, isKept, pending }) {
  const place = document.getElementById("save-state");
  // "Kept in this browser" would be a lie where the browser keeps nothing.
  const shown = !isKept && pending && ["offline", "login", "error"].includes(state) ? "lost" : state;
  if (shown === place.dataset.state) return "";
  place.dataset.state = shown;
  if (message) place.querySelector('[data-part="error"]').textContent = message;
  return ["saved", "saving"].includes(shown) ? "" : wordsOf(place, shown);
}

/** What the line says at the moment. */
export function saveStateWords() {
  const place = document.getElementById("save-state");
  return wordsOf(place, place.dataset.state);
}

function wordsOf(place, state) {
  return place.querySelector(`[data-when="${state}"]`).textContent.trim().replace(/\s+/g, " ");
}
