// A request's page that moves by itself. A stream of events says when there is news, and what the shown step writes into its
// log; where no stream gets through, the page asks every two seconds. Which of the two it is, the badge says.
(() => {
  const WORDS = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", polling: "Polling" };
  const POLL = 2000; // without a stream
  const AGE = 10000; // with one: "running for 3 min" grows old by itself
  const AWAY = 30000; // while nobody looks
  const PATIENCE = 700; // a stream that is back so soon was never away
  const GIVEN_UP = 3; // tries in vain, after which the page says that it polls
  const LONGEST = 15000;
  const part = () => document.getElementById("live");
  const moves = () => part()?.dataset.stream !== undefined;

  let current = "connecting";
  let source = null;
  let listensTo = "";
  let told = Number(part()?.dataset.last ?? 0);
  let tries = 0;
  let answered = true;
  let timers = {};

  const after = (name, wait, act) => {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(() => {
      delete timers[name];
      act();
    }, wait);
  };

  const stop = (name) => {
    clearTimeout(timers[name]);
    delete timers[name];
  };

  const show = (way) => {
    current = way;
    for (const badge of document.querySelectorAll("[data-way]")) {
      if (badge.dataset.way === way) continue;
      badge.dataset.way = way;
      badge.textContent = WORDS[way];
    }
  };

  // Asks for the part that moves. Many who watch the same request must not all ask in the same moment.
  const refresh = (wait = 100 + Math.random() * 200) => {
    if (moves() && !timers.refresh) after("refresh", wait, () => part()?.dispatchEvent(new CustomEvent("news")));
  };

  const everySoOften = () => {
    if (!moves()) return;
    after("age", document.hidden ? AWAY : source?.readyState === EventSource.OPEN ? AGE : POLL, () => {
      refresh(0);
      everySoOften();
    });
  };

  // The log of the step that is shown, while it is being written.
  const log = () => {
    const { step, attempt } = part()?.dataset ?? {};
    return step ? document.getElementById(`log-${step}-${attempt}`) : null;
  };

  const lastOf = (list) => Number(list.lastElementChild?.firstElementChild?.textContent || 0);
  const firstOf = (list) => Number(list.firstElementChild?.firstElementChild?.textContent || 0);
  const listOf = (box) => box.querySelector("ol");

  const add = (box, items) => {
    const list = listOf(box);
    if (items.length && !lastOf(list)) list.replaceChildren();
    const last = lastOf(list);
    list.append(...items.filter((item) => Number(item.firstElementChild.textContent) > last));
  };

  const cell = (name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  };

  const item = (box, line) => {
    const made = document.createElement("li");
    made.id = `${box.id}-${line.number}`;
    if (line.text.startsWith("Error")) made.className = "is-failed";
    const time = cell("time", line.logged_at.slice(11, 19));
    time.dateTime = line.logged_at;
    // Colours and control characters are taken out, as the server does.
    const text = line.text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b[@-Z\\-_]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
    made.append(cell("span", line.number), time, cell("span", text));
    return made;
  };

  const lines = async (box, query) => {
    const answer = await fetch(`${box.dataset.log}&${query}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) return [];
    const made = document.createElement("template");
    made.innerHTML = await answer.text();
    return [...made.content.querySelectorAll("li")];
  };

  // The server never takes lines away that are shown; it says how many there are, and what is missing is asked for.
  const fill = async (box) => {
    if (box.dataset.filling) return;
    box.dataset.filling = "yes";
    try {
      for (let more = true; more && lastOf(listOf(box)) < Number(box.dataset.last); ) {
        const found = await lines(box, `after=${lastOf(listOf(box))}`);
        more = found.length > 0;
        add(box, found);
      }
    } catch {
      // The portal is away: the next time the part is asked for, this is too.
    }
    delete box.dataset.filling;
  };

  const earlier = async (box) => {
    try {
      const list = listOf(box);
      const first = firstOf(list);
      const found = await lines(box, `before=${first}`);
      if (firstOf(list) === first) list.prepend(...found);
    } catch {
      // It can be pressed again.
    }
    tidy();
  };

  const scrolledUp = (box) => box.scrollTop < -24; // the newest line is at 0, see .log-live

  const offerNewest = (box) => {
    const button = document.getElementById(`${box.id}-newest`);
    if (button) button.hidden = !scrolledUp(box);
  };

  const tidy = () => {
    show(current);
    for (const box of document.querySelectorAll("#live [data-log]")) {
      offerNewest(box);
      const link = document.getElementById(`${box.id}-earlier`);
      if (link) link.hidden = firstOf(listOf(box)) <= 1;
      fill(box);
    }
  };

  const address = () => {
    const box = log();
    const { stream, step, attempt } = part().dataset;
    const query = new URLSearchParams({ after: told });
    if (box) for (const [key, value] of Object.entries({ step, attempt, line: lastOf(listOf(box)) })) query.set(key, value);
    return `${stream}?${query}`;
  };

  const close = () => {
    source?.close();
    source = null;
  };

  const open = () => {
    close();
    stop("again");
    if (!moves() || document.hidden) return;
    if (!part().dataset.stream) {
      show("polling");
      return;
    }
    const box = log();
    listensTo = box?.id ?? "";
    const mine = (source = new EventSource(address()));
    mine.addEventListener("open", () => {
      tries = 0;
      stop("doubt");
      show("live");
      everySoOften();
    });
    mine.addEventListener("message", (event) => {
      told = Math.max(told, Number(event.lastEventId));
      refresh();
    });
    mine.addEventListener("log", (event) => {
      if (box?.isConnected) add(box, [item(box, JSON.parse(event.data))]);
    });
    mine.addEventListener("error", () => {
      if (mine === source) lost();
    });
  };

  // Also what the end of a request looks like: asking says which it is.
  const lost = () => {
    close();
    tries += 1;
    if (!timers.doubt) after("doubt", PATIENCE, () => show(tries >= GIVEN_UP && answered ? "polling" : "reconnecting"));
    if (tries > GIVEN_UP) show(answered ? "polling" : "reconnecting");
    refresh(0);
    everySoOften();
    after("again", tries === 1 ? 200 : Math.min(1000 * 2 ** (tries - 2), LONGEST), open);
  };

  document.addEventListener("htmx:after:swap", (event) => {
    if (event.target !== part()) return;
    told = Math.max(told, Number(part().dataset.last ?? told));
    tidy();
    if (!moves()) {
      close();
      for (const name of Object.keys(timers)) stop(name);
    } else if (source && (log()?.id ?? "") !== listensTo) {
      open();
    }
  });

  document.addEventListener("htmx:finally:request", (event) => {
    if (event.target !== part()) return;
    answered = event.detail.ctx.response?.status === 200;
    if (!answered && source) refresh(1000);
  });

  document.addEventListener("click", (event) => {
    const newest = event.target.closest?.("[data-log-newest]");
    const older = event.target.closest?.("[data-log-earlier]");
    if (newest) document.getElementById(newest.dataset.logNewest).scrollTop = 0;
    if (older) {
      event.preventDefault();
      earlier(document.getElementById(older.dataset.logEarlier));
    }
  });

  document.addEventListener("scroll", (event) => event.target.dataset?.log && offerNewest(event.target), { capture: true, passive: true });

  // A browser keeps six connections to a site open, all of its tabs together: one that nobody looks at takes none.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      after("leave", AWAY / 2, () => {
        close();
        everySoOften();
      });
    } else {
      stop("leave");
      refresh(0);
      if (!source) open();
    }
  });

  window.addEventListener("pageshow", (event) => event.persisted && open());

  tidy();
  open();
  everySoOften();
})();
