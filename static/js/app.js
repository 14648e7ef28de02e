// What every page shares: dismissing messages, opening dialogs, saying when htmx could not reach us.

import "./menu.js";

/** Shows a short line at the corner of the window; errors stay until they are dismissed. */
export function toast(text, { kind = "info", seconds = kind === "bad" ? 0 : 6 } = {}) {
  const region = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  if (!region || !template) return null;
  const item = template.content.firstElementChild.cloneNode(true);
  item.dataset.kind = kind;
  item.querySelector(".toast-text").textContent = text;
  region.append(item);
  if (seconds) setTimeout(() => item.remove(), seconds * 1000);
  return item;
}

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("[data-dismiss], [data-dialog-open], [data-dialog-close]");
  if (!target) return;
  if ("dismiss" in target.dataset) {
    target.closest(".callout, .toast")?.remove();
  } else if ("dialogOpen" in target.dataset) {
    document.getElementById(target.dataset.dialogOpen)?.showModal();
  } else {
    target.closest("dialog")?.close();
  }
});

// A click on the backdrop closes a dialog; one that begins inside and ends outside does not.
document.addEventListener("pointerdown", (event) => {
  if (event.target instanceof HTMLDialogElement && event.target.open) {
    const box = event.target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right &&
      event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});

// On a narrow screen the navigation scrolls sideways: begin where the reader is.
document.querySelector(".topnav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

for (const zone of document.querySelectorAll(".dropzone")) {
  zone.addEventListener("dragenter", () => zone.classList.add("is-over"));
  zone.addEventListener("dragleave", (event) => {
    if (!zone.contains(event.relatedTarget)) zone.classList.remove("is-over");
  });
  zone.addEventListener("drop", () => zone.classList.remove("is-over"));
}

function sayFailure(which) {
  const text = document.getElementById("toasts")?.dataset[which];
  if (text) toast(text, { kind: "bad" });
}

document.addEventListener("htmx:sendError", () => sayFailure("textOffline"));
document.addEventListener("htmx:timeout", () => sayFailure("textOffline"));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401) sayFailure("textLogin");
  else if (status === 403 || status === 404) sayFailure("textDenied");
  else sayFailure("textFailed");
});
