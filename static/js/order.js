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
    for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
    body.set("do", "ask");
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: asking.signal });
      if (answer.ok) show((await answer.json()).hidden);
    } catch {
      // Asked again meanwhile, or the server is away: the form stays as it is.
    }
  };

  show(idsIn(form.dataset.notAsked));
  form.addEventListener("change", ask);
})();
