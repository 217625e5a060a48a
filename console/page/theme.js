// Sets light or dark before the page is drawn. So it is a script and no module, which would run too late.
(() => {
  const KEY = "theme";
  const root = document.documentElement;

  /** @returns {string} */
  const kept = () => {
    try {
      return localStorage.getItem(KEY) ?? "system";
    } catch {
      return "system";
    }
  };

  /** @param {string} theme */
  const apply = (theme) => {
    if (theme === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = theme;
  };

  apply(kept());
  document.addEventListener("DOMContentLoaded", () => {
    const choices = /** @type {NodeListOf<HTMLInputElement>} */ (
      document.querySelectorAll('input[name="theme"]')
    );
    for (const choice of choices) {
      choice.checked = choice.value === kept();
      choice.addEventListener("change", () => {
        apply(choice.value);
        try {
          localStorage.setItem(KEY, choice.value);
        } catch {
          // Without storage the choice holds until the page is closed.
        }
      });
    }
  });
})();
