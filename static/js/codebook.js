/* Searching the codebook as one types: only entries and rules that contain every word stay, in the index too. */

const search = document.querySelector("[data-codebook-search]");
const found = document.querySelector("[data-codebook-found]");
const parts = [...document.querySelectorAll("[data-codebook-part]")].map((element) => ({
  element,
  text: fold(element.textContent),
}));
const index = document.querySelectorAll(".value-index a");

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

function show() {
  const words = fold(search.value).split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { element, text } of parts) {
    const matches = words.every((word) => text.includes(word));
    element.hidden = !matches;
    shown += matches;
  }
  for (const group of document.querySelectorAll("[data-codebook-group]")) {
    group.hidden = !group.querySelector("[data-codebook-part]:not([hidden])");
  }
  for (const frame of document.querySelectorAll("[data-codebook-frame]")) frame.hidden = words.length > 0;
  for (const link of index) {
    link.hidden = document.getElementById(link.hash.slice(1)).closest("[data-codebook-part]").hidden;
  }
  found.textContent = words.length ? found.dataset.text.replace("{n}", shown) : "";
}

search.addEventListener("input", show);
search.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    search.value = "";
    show();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, textarea, select, [contenteditable]")) {
    event.preventDefault();
    search.focus();
  }
});
if (search.value) show();
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
