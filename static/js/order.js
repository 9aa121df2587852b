// The order form. Without script all questions are shown, those that the answers do not raise too; the server drops what was
// answered needlessly, and a button works out the price.
(() => {
  const form = document.querySelector("form[data-kept-for]");
  if (!form) return;
  const idsIn = (text) => text.split(" ").filter(Boolean);

  // Hides the questions that the answers so far do not raise. The server decides which.
  const conditional = idsIn(form.dataset.conditional);
  let asking = null;
  let soon = 0;

  const controls = "input:not([type=hidden]), select, textarea, button, summary";
  const isShown = (control) => control.getClientRects().length > 0 && !control.disabled;

  // Whoever stands in a field that goes is put before the next question, not at the top of the page.
  const toggle = (field, gone) => {
    if (!field || field.hidden === gone) return;
    const stands = gone && field.contains(document.activeElement);
    field.hidden = gone;
    if (!stands) return;
    const all = [...form.querySelectorAll(controls)].filter(isShown);
    const next = all.find((one) => field.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
    (next ?? all.at(-1))?.focus();
  };

  const show = (hidden) => {
    const inside = [...form.querySelectorAll("[data-sometimes]")].map((field) => [field, field.dataset.sometimes]);
    const all = [...conditional.map((id) => [document.getElementById(id)?.closest(".field"), id]), ...inside];
    for (const [field, id] of all) if (!hidden.includes(id)) toggle(field, false);
    for (const [field, id] of all) if (hidden.includes(id)) toggle(field, true);
  };

  // What it costs and what it leaves: the server draws the panel anew, and only what differs is put in its place, so that it is
  // said aloud once.
  const tell = ({ summary, texts }) => {
    const drawn = new DOMParser().parseFromString(summary, "text/html");
    for (const part of drawn.querySelectorAll("[data-live]")) {
      const here = document.getElementById(part.id);
      if (!here) continue;
      here.hidden = part.hidden;
      if (here.innerHTML !== part.innerHTML) here.replaceChildren(...part.childNodes);
    }
    for (const [id, words] of Object.entries(texts)) {
      const here = document.getElementById(id);
      if (here && here.textContent !== words) here.textContent = words;
    }
  };

  const ask = async () => {
    clearTimeout(soon);
    asking?.abort();
    asking = new AbortController();
    const body = new FormData(form);
    for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
    // Which rows there are, also those in which nothing would be posted.
    for (const row of form.querySelectorAll("[data-entry]"))
      body.append(`at:${row.closest("[data-list]").dataset.list}`, row.dataset.entry);
    body.set("do", "ask");
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: asking.signal });
      if (!answer.ok) return;
      const told = await answer.json();
      show(told.hidden);
      tell(told);
      form.dispatchEvent(new CustomEvent("told", { detail: told }));
    } catch {
      // Asked again meanwhile, or the server is away: the form stays as it is.
    }
  };

  // What was typed before this script was there, or was put back by the browser: it is asked about, and kept by what comes next.
  const isOther = (control) =>
    /^(checkbox|radio)$/.test(control.type) ? control.checked !== control.defaultChecked : control.value !== control.defaultValue;

  show([...idsIn(form.dataset.notAsked), ...[...form.querySelectorAll("[data-not-asked]")].map((one) => one.dataset.sometimes)]);
  if ([...form.querySelectorAll("input:not([type=hidden]), textarea")].some(isOther)) {
    form.dataset.unsaved = "typed";
    ask();
  }
  form.addEventListener("change", ask);
  form.addEventListener("input", () => {
    clearTimeout(soon);
    soon = setTimeout(ask, 400);
  });
})();
