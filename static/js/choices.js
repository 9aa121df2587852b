// Long lists of choices are searched while typing: the combobox pattern of WAI-ARIA over a text input that works without this.
// The server searches, over what was answered so far; arrows walk what it found, Enter picks, Escape closes.
(() => {
  const form = document.getElementById("order");
  if (!form) return;
  const PAUSE = 200; // ms: whoever types on is not answered in between
  const made = (tag, attributes) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  // Nothing secret goes along, nor a file: choices hang on neither.
  const question = (name, words) => {
    const body = new FormData(form);
    for (const [key, value] of [...body]) if (value instanceof File) body.delete(key);
    for (const control of form.querySelectorAll("input[type=password]")) body.delete(control.name);
    body.set("do", "choices");
    body.set("of", name);
    body.set("q", words);
    return body;
  };

  const combobox = (input, name, pick) => {
    input.removeAttribute("list");
    const list = made("ul", { id: `${input.id}-list`, role: "listbox", "aria-label": input.dataset.search });
    const foot = made("p", { class: "help", "aria-hidden": "true" });
    const popup = made("div", { class: "choices", hidden: "" });
    const said = made("p", { class: "vh", role: "status" });
    const frame = made("div", { class: "searched" });
    const state = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id };
    for (const [key, value] of Object.entries(state)) input.setAttribute(key, value);
    popup.append(list, foot);
    const here = document.activeElement === input;
    input.replaceWith(frame);
    frame.append(input, popup, said);
    if (here) input.focus();
    let soon = 0;
    let asking = null;
    let active = -1;
    let walk = false;

    const close = () => {
      clearTimeout(soon);
      asking?.abort();
      popup.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
      active = -1;
    };

    const point = (at) => {
      const all = [...list.children];
      if (!all.length) return;
      active = (at + all.length) % all.length;
      all.forEach((one, number) => one.setAttribute("aria-selected", String(number === active)));
      input.setAttribute("aria-activedescendant", all[active].id);
      all[active].scrollIntoView({ block: "nearest" });
    };

    const option = ([value, label], number) => {
      const one = made("li", { id: `${list.id}-${number}`, role: "option", "aria-selected": "false", "data-value": value });
      one.append(label);
      if (label !== value) {
        const code = made("span", { class: "muted" });
        code.textContent = ` ${value}`;
        one.append(code);
      }
      return one;
    };

    const show = (told) => {
      active = -1;
      input.removeAttribute("aria-activedescendant");
      list.replaceChildren(...told.choices.map(option));
      foot.textContent = said.textContent = told.said;
      popup.hidden = false;
      input.setAttribute("aria-expanded", "true");
      if (walk) point(0);
      walk = false;
    };

    const ask = async () => {
      asking?.abort();
      asking = new AbortController();
      try {
        const answer = await fetch(form.action, { method: "POST", body: question(name, input.value), signal: asking.signal });
        const told = await answer.json();
        if (document.activeElement === input) show(told);
      } catch {
        // Asked again meanwhile, or the server is away: what is typed is judged when it is sent.
      }
    };

    const choose = (one) => {
      said.textContent = `${one.firstChild.textContent} chosen`;
      pick(one.dataset.value, one.firstChild.textContent);
      close();
    };

    input.addEventListener("input", () => {
      clearTimeout(soon);
      soon = setTimeout(ask, PAUSE);
    });
    input.addEventListener("keydown", (event) => {
      const open = !popup.hidden;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (open) point(event.key === "ArrowDown" ? active + 1 : active < 0 ? -1 : active - 1);
        else {
          walk = true;
          ask();
        }
      } else if (event.key === "Enter" && open && active >= 0) choose(list.children[active]);
      else if (event.key === "Enter" && (open || input.matches("[data-picks]"))) close();
      else if (event.key === "Escape" && open) close();
      else return;
      event.preventDefault();
    });
    input.addEventListener("blur", close);
    popup.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const one = event.target.closest("[role=option]");
      if (one) choose(one);
    });
  };

  const changed = (element) => element.dispatchEvent(new Event("change", { bubbles: true }));

  const text = (input) =>
    combobox(input, input.name, (value) => {
      input.value = value;
      changed(input);
    });

  // Several are picked into the list that they are sent from; picking one again leaves it out.
  const several = (select) => {
    const label = select.dataset.searchMany;
    const input = made("input", { id: `${select.id}-search`, class: "input", type: "text", autocomplete: "off", "data-search": label });
    input.setAttribute("aria-label", `Search ${label}`);
    input.setAttribute("placeholder", "Search");
    input.dataset.picks = "";
    const picked = made("p", { class: "help" });
    const tell = () => {
      const names = [...select.selectedOptions].map((one) => one.textContent);
      picked.textContent = names.length ? `Picked: ${names.join(", ")}` : "";
    };
    select.before(input);
    select.after(picked);
    select.addEventListener("change", tell);
    tell();
    combobox(input, select.name, (value, words) => {
      const known = [...select.options].find((one) => one.value === value) ?? select.appendChild(new Option(words, value));
      known.selected = !known.selected;
      known.scrollIntoView({ block: "nearest" });
      input.value = "";
      changed(select);
    });
  };

  const begin = (element) => {
    if (element.dataset.begun !== undefined) return;
    element.dataset.begun = "";
    if (element.matches("select")) several(element);
    else text(element);
  };
  form.querySelectorAll("input[data-search], select[data-search-many]").forEach(begin);
  form.addEventListener("focusin", ({ target }) => {
    if (target.matches("input[data-search]:not([data-picks])")) begin(target);
  });
})();
