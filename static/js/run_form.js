// The form of a run: the model that is asked where none is named differs by provider.
// Where prompts are shown: copying one.

import { toast } from "./app.js";

const provider = document.querySelector("[data-names-default-of]");
const model = provider && document.getElementById(provider.dataset.namesDefaultOf);

function nameDefault() {
  model.placeholder = model.getAttribute(`data-default-${provider.value}`) ?? "";
}

if (model) {
  provider.addEventListener("change", nameDefault);
  nameDefault();
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = !navigator.clipboard; // not offered without HTTPS
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
      toast(button.dataset.textCopied);
    } catch {
      toast(button.dataset.textFailed, { kind: "bad" });
    }
  });
}
