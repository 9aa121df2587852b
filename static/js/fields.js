// Fields beside which something is said while they are filled in: what is wrong with an answer. And those that are more than one
// control: rows of lists that come and go, editors of JSON, choices that hang on other answers.
// Without script every button here posts the form, and the server draws it anew.
(() => {
  const form = document.getElementById("order");
  if (!form) return;
  const changed = (element) => element.dispatchEvent(new Event("change", { bubbles: true }));
  const firstOf = (entry) => entry?.querySelector("input:not([type=hidden]), select, textarea");

  // Rows. A row that was added counts even if nothing is changed in it: `row:` says so.
  const rowsOf = (list) => [...list.querySelector(":scope > [data-entries]").children];
  const say = (list, words) => (list.querySelector(":scope > [data-said]").textContent = words);
  const showRoom = (list) => {
    const full = rowsOf(list).length >= Number(list.dataset.most);
    list.querySelector(":scope > [data-add]").disabled = full;
  };

  const add = (list) => {
    const template = list.querySelector(":scope > [data-blank]");
    const next = 1 + Math.max(-1, ...rowsOf(list).map((row) => Number(row.dataset.entry)));
    const mark = template.content.firstElementChild.dataset.entry;
    const box = document.createElement("template");
    box.innerHTML = template.innerHTML.replaceAll(mark, next).replaceAll(mark.replace(/__$/, "n__"), next + 1);
    const row = box.content.firstElementChild;
    row.querySelectorAll("[data-not-asked]").forEach((field) => (field.hidden = true));
    list.querySelector(":scope > [data-entries]").append(row);
    firstOf(row)?.focus();
    say(list, `${row.getAttribute("aria-label")} added`);
    showRoom(list);
    changed(list);
  };

  const remove = (row) => {
    const list = row.closest("[data-list]");
    const rows = rowsOf(list);
    const near = rows[rows.indexOf(row) + 1] ?? rows[rows.indexOf(row) - 1];
    const words = `${row.getAttribute("aria-label")} removed`;
    row.remove();
    (firstOf(near) ?? list.querySelector(":scope > [data-add]")).focus();
    say(list, words);
    showRoom(list);
    changed(list);
  };

  // What is wrong with an answer is said once its field was left, and taken back as soon as it is right: by the server's rules.
  const errorLine = (words) => {
    const line = document.getElementById("error-line").content.firstElementChild.cloneNode(true);
    line.querySelector("[data-words]").textContent = words;
    return line;
  };

  const left = new Set();
  const place = (control, field) => {
    const known = document.getElementById(`${control.id}-error`);
    if (known) return known;
    const made = document.createElement("div");
    made.id = `${control.id}-error`;
    made.setAttribute("role", "status");
    field.querySelector(":scope > :is(.input, .affix, .select, .segments, .check, .switch)")?.before(made);
    const described = field.matches("fieldset") ? field : control;
    described.setAttribute("aria-describedby", `${described.getAttribute("aria-describedby") ?? ""} ${made.id}`.trim());
    return made;
  };

  const sayWrong = (id, all) => {
    const control = document.getElementById(id);
    const field = control?.closest(".field");
    if (!field || control.matches("[data-json], fieldset")) return;
    if (!all.length && !field.classList.contains("has-error")) return;
    const here = place(control, field);
    const before = [...here.querySelectorAll("[data-words]")].map((line) => line.textContent);
    if (String(before) !== String(all)) here.replaceChildren(...all.map(errorLine));
    field.classList.toggle("has-error", all.length > 0);
    if (all.length) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };

  // JSON. What is no JSON is said at once, with its place; whether it keeps to its schema only the server knows.
  const complaint = (text) => {
    try {
      JSON.parse(text);
      return "";
    } catch (error) {
      const at = /position (\d+)/.exec(error.message);
      if (!at) return "is no JSON yet";
      const before = text.slice(0, Number(at[1])).split("\n");
      return `is no JSON: look at line ${before.length}, column ${before.at(-1).length + 1}`;
    }
  };

  const tell = (editor, all) => {
    const place = document.getElementById(`${editor.id}-live`);
    place.replaceChildren(...all.map(errorLine));
    // What was said when the form came back is about an answer that is not there any more.
    document.getElementById(`${editor.id}-error`)?.setAttribute("hidden", "");
    editor.closest(".field").classList.toggle("has-error", all.length > 0);
    if (all.length) editor.setAttribute("aria-invalid", "true");
    else editor.removeAttribute("aria-invalid");
  };

  const shown = new WeakMap();
  const judge = (editor, wrong) => {
    const text = editor.value.trim();
    const words = text && complaint(text);
    const all = words ? [`${editor.dataset.json} ${words}.`] : text ? (wrong ?? shown.get(editor) ?? []) : [];
    if (String(all) !== String(shown.get(editor) ?? [])) tell(editor, all);
    shown.set(editor, all);
  };

  // Choices that hang on other answers.
  const renew = (id, offered) => {
    const input = document.getElementById(id);
    if (!input) return;
    const picked = input.multiple ? [...input.selectedOptions].map((one) => one.value) : [];
    const options = offered.choices.map(([value, label]) => new Option(label, value, false, picked.includes(value)));
    // A text that is searched asks by itself; see choices.js.
    if (input.multiple) input.replaceChildren(...options);
    const help = document.getElementById(`${id}-help`);
    if (help && help.textContent !== offered.help) help.textContent = offered.help;
  };

  // A group of which nothing is asked has no heading either.
  const foldGroups = () => {
    for (const group of form.querySelectorAll("details.more")) {
      const fields = [...group.querySelectorAll(".field")];
      group.hidden = fields.length > 0 && fields.every((field) => field.closest(".field[hidden]"));
    }
  };

  // What the server says of the answers so far; `order.js` asks it.
  form.addEventListener("told", ({ detail }) => {
    for (const [id, wrong] of Object.entries(detail.wrong ?? {})) {
      const control = document.getElementById(id);
      if (control?.matches("[data-json]")) judge(control, wrong);
    }
    for (const id of left) sayWrong(id, detail.wrong?.[id] ?? []);
    for (const [id, offered] of Object.entries(detail.choices ?? {})) renew(id, offered);
    foldGroups();
  });
  form.addEventListener("change", ({ target }) => {
    if (target.name) left.add(target.name.replaceAll(".", "-"));
  });
  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-json]")) judge(event.target);
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.matches("[data-add]")) add(button.closest("[data-list]"));
    else if (button?.matches("[data-remove]")) remove(button.closest("[data-entry]"));
    else if (button?.matches("[data-renews]")) changed(button);
    else return;
    event.preventDefault();
  });
  form.querySelectorAll("[data-list]").forEach(showRoom);
  foldGroups();
})();
