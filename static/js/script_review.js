// Reviewing a script by keyboard: 1–4 answer an element and lead on, . marks a gap at the player's time.

import { clock } from "./player.js";

const player = document.querySelector("axial-player");
const review = document.getElementById("review-form");
const gap = document.getElementById("gap-form");
const elements = [...(review?.querySelectorAll(".review-element") ?? [])];
const now = gap?.querySelector("[data-now]");

const isWriting = (target) => target.matches?.('input:not([type="radio"]), textarea, select');
const isPressed = (target) => target.matches?.("button, a, summary");

/** The element that is being answered: the one in focus, else the first without an answer. */
function current() {
  return (
    elements.find((element) => element.contains(document.activeElement)) ??
    elements.find((element) => !element.querySelector(":checked"))
  );
}

function answer(number) {
  const element = current();
  const choice = element?.querySelectorAll("input")[number - 1];
  if (!choice) return;
  choice.checked = true;
  const next = elements[elements.indexOf(element) + 1];
  const goal = next ? next.querySelector(":checked") ?? next.querySelector("input") : review.querySelector(".button.is-primary");
  goal.focus();
}

function here() {
  if (!gap) return;
  if (player?.seek) {
    player.pause();
    gap.elements.at.value = clock(player.currentMs);
  }
  gap.elements.text.focus();
}

if (now && player) {
  now.hidden = false;
  now.addEventListener("click", () => { gap.elements.at.value = clock(player.currentMs); });
}

// The times of gaps lead to their moment, as those of the script do.
for (const button of document.querySelectorAll(".gaps [data-seek-ms]")) {
  if (!player) button.disabled = true;
  button.addEventListener("click", () => { player.seek(Number(button.dataset.seekMs)); player.play(); });
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (key === "Escape" && isWriting(target)) { target.blur(); return; }
  if (isWriting(target) || target.closest?.("axial-player")) return;
  if (/^[1-4]$/.test(key) && review) answer(Number(key));
  else if (key === ".") here();
  else if (key === "Enter" && review && !isPressed(target)) review.requestSubmit();
  else if (key === " " && player?.seek && !isPressed(target)) player.toggle();
  else if (key === "ArrowLeft" && player?.seek) player.step(-1000);
  else if (key === "ArrowRight" && player?.seek) player.step(1000);
  else return;
  event.preventDefault();
});
