// Reviewing a script by keyboard: 1–4 answer an element and lead on, . marks a gap at the player's time.

import { clock } from "./player.js";

const player = document.querySelector("axial-player");
const review = document.getElementById("review-form");
const elements = [...(review?.querySelectorAll(".review-element") ?? [])];

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

/** Looked up anew each time: marking a gap replaces the form, so that answers given meanwhile stay. */
const gapForm = () => document.getElementById("gap-form");

function here() {
  const gap = gapForm();
  if (!gap) return;
  if (player?.seek) {
    player.pause();
    gap.elements.at.value = clock(player.currentMs);
  }
  gap.elements.text.focus();
}

/** What only a player can do is offered only where there is one. */
function offer() {
  const now = gapForm()?.querySelector("[data-now]");
  if (now && player) now.hidden = false;
  if (!player) for (const button of document.querySelectorAll(".gaps [data-seek-ms]")) button.disabled = true;
}

offer();
document.addEventListener("htmx:afterSettle", () => {
  offer();
  // Marked: the keys answer elements again. What was refused is to be mended in its field.
  if (!gapForm()?.querySelector(".errorlist")) document.activeElement?.blur();
});

document.addEventListener("click", ({ target }) => {
  if (!player?.seek) return;
  if (target.closest("[data-now]")) gapForm().elements.at.value = clock(player.currentMs);
  const time = target.closest(".gaps [data-seek-ms]");
  if (!time) return;
  player.seek(Number(time.dataset.seekMs));
  player.play();
});

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
