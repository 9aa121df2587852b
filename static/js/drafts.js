// Saves the order form as a draft by itself, and goes on with it after a lost session. Without script there is a button.
// No cache may keep this page: the draft in its address is what the way back, a reload and a new session find.
(() => {
  const form = document.querySelector("form[data-kept-for]");
  if (!form) return;
  const QUIET = 1000; // after the last key
  const LONGEST = 5000; // while somebody types on and on
  const AGAIN = 5000; // after a save that did not arrive
  const PATIENCE = 3000; // for the last save before the page is left
  const unkept = form.dataset.unkept.split(" ").filter(Boolean);
  const said = document.getElementById("draft-said");
  const trouble = document.getElementById("draft-trouble");
  const why = document.getElementById("draft-why");
  const way = document.getElementById("draft-way");
  const discard = document.getElementById("draft-discard");
  let dirty = false;
  let stopped = false; // somebody else saved: only the button goes on, with a draft of its own
  let timer = null;
  let since = 0;
  let saving = null;
  let leaving = false;
  let ended = false; // the session: nothing is sent before there is another one

  const tell = (words, href = "", link = "") => {
    why.textContent = words;
    way.hidden = !href;
    if (href) way.href = href;
    way.textContent = link;
    way.target = link === "Sign in" ? "_blank" : "";
    trouble.hidden = !words;
  };

  const answers = () => {
    const body = new FormData(form);
    for (const [name, value] of [...body]) if (value instanceof File || unkept.includes(name)) body.delete(name);
    body.set("do", "save");
    return body;
  };

  // The draft stands in the address from now on.
  const stay = () => {
    const here = new URL(location.pathname, location.href);
    here.searchParams.set("draft", form.elements.draft.value);
    const version = new URLSearchParams(location.search).get("version");
    if (version) here.searchParams.set("version", version);
    history.replaceState(history.state, "", here);
  };

  const saved = (told) => {
    form.elements.draft.value = told.draft;
    form.elements.revision.value = told.revision;
    said.textContent = told.said;
    discard.hidden = ended = false;
    tell("");
    stay();
  };

  // The session is another one: its token is taken over when it is the same person's, and they save once more.
  const anew = async (answer) => {
    const told = await answer.json();
    ended = !told.person;
    if (ended) return tell("Your session has ended. What you typed is still here.", `/sign-in?next=${encodeURIComponent("/")}`, "Sign in");
    if (told.person !== form.dataset.keptFor) return tell("Somebody else has signed in in this browser: nothing is saved any more.");
    for (const input of document.querySelectorAll("input[name='csrf_token']")) input.value = told.token;
    dirty = true;
    return "again";
  };

  const send = async (keepalive) => {
    dirty = false;
    since = 0;
    try {
      const answer = await fetch(form.action, { method: "POST", body: answers(), headers: { Accept: "application/json" }, keepalive });
      if (answer.ok) return saved(await answer.json());
      if (answer.status === 400 || answer.status === 401) {
        const next = await anew(answer);
        dirty = true;
        if (next === "again") return send(keepalive);
        return plan(AGAIN);
      }
      const told = await answer.json();
      stopped = answer.status === 409;
      dirty = true;
      tell(`${told.words}${stopped ? " Save a draft of your own with the button." : ""}`, told.newer, "Open what was saved");
      if (stopped) form.elements.draft.value = form.elements.revision.value = "";
    } catch {
      dirty = true;
      tell("This could not be saved right now. It is tried again.");
      plan(AGAIN);
    }
  };

  const save = (keepalive = false) => {
    clearTimeout(timer);
    saving = (saving ?? Promise.resolve()).then(() => (dirty && !stopped ? send(keepalive) : undefined));
    return saving;
  };

  const plan = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(() => save(), wait);
  };

  const changed = () => {
    if (stopped) return;
    dirty = true;
    since ||= Date.now();
    plan(Math.max(0, Math.min(QUIET, since + LONGEST - Date.now())));
  };

  const later = (time) => new Promise((done) => setTimeout(done, time));

  // The last keys are saved before the page is left, so that the way back finds them.
  const leave = async (event) => {
    const button = event.submitter;
    if (leaving || !dirty || stopped || button?.value === "save" || button?.value === "discard") return;
    event.preventDefault();
    leaving = true;
    await Promise.race([save(), later(PATIENCE)]);
    if (ended) trouble.scrollIntoView({ block: "center" });
    else form.requestSubmit(button);
    leaving = false;
  };

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", leave);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save(true);
    else if (dirty) save();
  });
  window.addEventListener("pagehide", () => save(true));
  if (form.elements.draft.value) stay();
  if (form.dataset.unsaved) changed();
})();
