// The order form. Without script all questions are shown, those that the answers do not raise too; the server drops what was
// answered needlessly.
(() => {
  const form = document.querySelector("form[data-kept-for]");
  if (!form) return;
  const idsIn = (text) => text.split(" ").filter(Boolean);

  // Hides the questions that the answers so far do not raise. The server decides which.
  const conditional = idsIn(form.dataset.conditional);
  let asking = null;

  const show = (hidden) => {
    for (const id of conditional) {
      const field = document.getElementById(id)?.closest(".field");
      if (field) field.hidden = hidden.includes(id);
    }
  };

  const ask = async () => {
    if (!conditional.length) return;
    asking?.abort();
    asking = new AbortController();
    const body = new FormData(form);
    body.set("do", "ask");
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: asking.signal });
      if (answer.ok) show((await answer.json()).hidden);
    } catch {
      // Asked again meanwhile, or the server is away: the form stays as it is.
    }
  };

  // No cache may keep this page, so that the way back leads to an empty form: what was typed waits in the tab until then.
  const place = `order:${form.dataset.keptFor}:${location.pathname}`;
  const unkept = [...idsIn(form.dataset.unkept), "csrf_token", "version"];
  const kept = (control) => control.name && !unkept.includes(control.name) && !(control instanceof HTMLButtonElement);

  const keep = () => {
    const answers = [...new FormData(form)].filter(([name]) => !unkept.includes(name));
    try {
      sessionStorage.setItem(place, JSON.stringify(answers));
    } catch {
      // A browser that keeps nothing for this site.
    }
  };

  const fill = (answers) => {
    for (const control of [...form.elements].filter(kept)) {
      const texts = answers.filter(([name]) => name === control.name).map(([, text]) => text);
      if (control.type === "checkbox" || control.type === "radio") control.checked = texts.includes(control.value);
      else if (texts.length) control.value = texts[0];
    }
  };

  const comeBack = () => {
    try {
      if (performance.getEntriesByType("navigation")[0]?.type !== "back_forward") return sessionStorage.removeItem(place);
      const answers = JSON.parse(sessionStorage.getItem(place));
      if (answers) fill(answers);
      if (answers) ask();
    } catch {
      // Nothing was kept.
    }
  };

  show(idsIn(form.dataset.notAsked));
  comeBack();
  form.addEventListener("change", ask);
  form.addEventListener("input", keep);
  form.addEventListener("submit", keep);
})();
