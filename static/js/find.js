// The catalog's list follows what is typed, under the address that the button leads to. Without script the button does it.
(() => {
  const form = document.getElementById("find");
  const box = document.getElementById("find-q");
  if (!form || !box) return;
  const PAUSE = 250; // ms: whoever types on is not answered in between
  let timer = null;
  let asking = null;

  const address = () => {
    const asked = new URLSearchParams(new FormData(form));
    if (!asked.get("q")) asked.delete("q");
    const text = asked.toString();
    return text ? `${form.action}?${text}` : form.action;
  };

  // The filters stay open or closed, and the line that is read out stays the same element, so that its change is told.
  const show = (page) => {
    const listing = document.getElementById("listing");
    const found = page.getElementById("listing");
    if (!listing || !found) return;
    const open = listing.querySelector("details.facets")?.open;
    const filters = found.querySelector("details.facets");
    if (filters && open !== undefined) filters.open = open;
    listing.className = found.className;
    listing.replaceChildren(...found.childNodes);
    document.querySelector("main .head .meta")?.replaceWith(page.querySelector("main .head .meta") ?? "");
    document.title = page.title;
    document.getElementById("find-said").textContent = page.getElementById("find-said").textContent;
  };

  const search = async () => {
    asking?.abort();
    asking = new AbortController();
    const url = address();
    try {
      const answer = await fetch(url, { signal: asking.signal });
      if (!answer.ok) return;
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
      history.replaceState(null, "", url);
    } catch {
      // Something else was typed meanwhile, or the server is away: the list stays as it is, and so does the button.
    }
  };

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    asking?.abort();
  });
})();
