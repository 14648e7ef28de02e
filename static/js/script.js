// A script beside its player: times that lead to their moment, and the line that is being played. The times
// at which a model saw something, in the table below, lead there as well.

const player = document.querySelector("axial-player");
const script = document.querySelector(".script");
const lines = [...(script?.querySelectorAll("[data-start-ms]") ?? [])];

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-seek-ms]");
  if (!button || !player?.seek) return;
  player.seek(Number(button.dataset.seekMs));
  player.play();
  if (!button.closest(".script")) player.scrollIntoView({ block: "nearest" }); // it may be far above the table
});

// Without a copy of the video there is nowhere to go: the times stay as text.
if (!player) for (const button of document.querySelectorAll("[data-seek-ms]")) button.disabled = true;

let playing = null;

document.addEventListener("axial:time", ({ detail: { currentMs } }) => {
  const begun = lines.filter((line) => Number(line.dataset.startMs) <= currentMs);
  const line = currentMs > 0 ? begun.at(-1) ?? null : null;
  if (line === playing) return;
  playing?.removeAttribute("aria-current");
  line?.setAttribute("aria-current", "true");
  playing = line;
  if (!line || player.paused) return;
  // Within its own box only: the page stays where the reader has put it.
  const top = line.offsetTop - script.offsetTop;
  if (top < script.scrollTop || top + line.offsetHeight > script.scrollTop + script.clientHeight) {
    script.scrollTop = Math.max(0, top - script.clientHeight / 3);
  }
});
