// Copy buttons and the choice of a theme. Listens on the document: fragments that arrive later need no wiring.
(() => {
  const root = document.documentElement;

  const showTheme = () => {
    const current = root.dataset.theme ?? "system";
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === current));
    }
  };

  const chooseTheme = (choice) => {
    if (choice === "system") delete root.dataset.theme;
    else root.dataset.theme = choice;
    try {
      if (choice === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", choice);
    } catch {
      // Nothing can be kept: the choice lasts for this page.
    }
    showTheme();
  };

  // Plain http on another host than this machine has no clipboard interface; a selection can still be copied there.
  const copyText = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "vh";
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) throw new Error("the browser does not let this page copy");
  };

  const setIcon = (button, name) => {
    const use = button.querySelector("use");
    use?.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#i-${name}`));
  };

  const say = (words) => {
    const line = document.getElementById("said");
    if (line) line.textContent = words;
  };

  const copyFrom = async (button) => {
    const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
    const name = button.dataset.copyName ?? "It";
    try {
      await copyText(source ? (source.value ?? source.textContent) : button.dataset.copy);
      setIcon(button, "check");
      say(`${name} is copied`);
      setTimeout(() => setIcon(button, "copy"), 2000);
    } catch {
      setIcon(button, "x");
      say(`${name} could not be copied. Select it and copy it by hand.`);
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy], [data-copy-from], [data-theme-choice]");
    if (!button) return;
    if (button.dataset.themeChoice) chooseTheme(button.dataset.themeChoice);
    else copyFrom(button);
  });
  showTheme();
})();
