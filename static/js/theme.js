// Sets the chosen theme before the first paint; loaded as a blocking script in <head> on purpose.
// "light" and "dark" are kept in this browser; "system" is the absence of a choice.
(() => {
  const KEY = "axial-theme";
  const root = document.documentElement;

  function chosen() {
    try {
      return localStorage.getItem(KEY) ?? "system";
    } catch {
      return "system"; // storage may be forbidden; the system's theme then holds
    }
  }

  function apply(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
    }
  }

  apply(chosen());
  document.addEventListener("DOMContentLoaded", () => apply(chosen()));
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) apply(chosen());
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-theme-choice]");
    if (!button) return;
    const theme = button.dataset.themeChoice;
    try {
      if (theme === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // the choice then lasts for this page only
    }
    apply(theme);
  });
})();
