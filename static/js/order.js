// The order form: hides the questions that the answers so far do not raise. The server decides which; without script all of
// them are shown, and what was answered needlessly is dropped there.
(() => {
  const form = document.querySelector("form[data-conditional]");
  if (!form) return;
  const conditional = form.dataset.conditional.split(" ");
  let asking = null;

  const show = (hidden) => {
    for (const id of conditional) {
      const field = document.getElementById(id)?.closest(".field");
      if (field) field.hidden = hidden.includes(id);
    }
  };

  const ask = async () => {
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

  show(form.dataset.notAsked.split(" "));
  form.addEventListener("change", ask);
})();
