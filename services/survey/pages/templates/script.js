// What the page is without scripts, only sooner: the server decides, this asks it while somebody is still filling in.
(() => {
  const form = document.querySelector("form"), all = s => [...form.querySelectorAll(s)];
  const spent = {}, field = (name, value) => {
    let input = form.elements[name];
    if (!input) { input = document.createElement("input"); input.type = "hidden"; input.name = name; form.append(input); }
    input.value = value;
  };

  // How long each question had somebody's attention, in milliseconds.
  let now = null, since = 0;
  const attend = key => {
    if (now) spent[now] = (spent[now] || 0) + Math.round(performance.now() - since);
    now = key; since = performance.now();
    field(".spent", Object.entries(spent).map(([k, ms]) => k + ":" + ms).join(","));
  };
  const keyOf = node => node.closest?.("[data-key]")?.dataset.key;
  addEventListener("focusin", e => { const key = keyOf(e.target); if (key && key !== now) attend(key); });
  addEventListener("visibilitychange", () => attend(document.hidden ? null : keyOf(document.activeElement) || null));

  // Questions that depend on answers of the same page come and go.
  let asking = 0;
  const look = async () => {
    const turn = ++asking, body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
    body.set("go", "look");
    try {
      const answer = await fetch(location.href, { method: "POST", body });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("form");
      if (turn === asking && page && answer.ok) show(page);
    } catch { /* Offline: the button asks the same. */ }
  };
  const show = page => {
    const wanted = [...page.querySelectorAll("[data-key]")], keys = wanted.map(q => q.id);
    let grew = false;
    for (const question of all("[data-key]")) if (!keys.includes(question.id)) question.remove();
    wanted.forEach((question, place) => {
      const here = document.getElementById(question.id);
      if (!here) { all("[data-key]")[place - 1] ? all("[data-key]")[place - 1].after(question) : form.prepend(question); grew = true; return; }
      for (const part of ["legend", ".title", ".hint"]) {
        const [was, is] = [here.querySelector(part), question.querySelector(part)];
        if (was && is && was.textContent !== is.textContent) was.replaceWith(is);
      }
    });
    all("input[type=hidden]:not([name='.spent'])").forEach(input => input.remove());
    page.querySelectorAll(":scope > input[type=hidden]").forEach(input => form.append(input));
    // In its place: somebody may have the focus on it.
    form.querySelector("[name=go]").textContent = page.querySelector("[name=go]").textContent;
    document.querySelector("[role=status]").textContent = grew ? form.dataset.more : "";
  };

  let later;
  form.addEventListener("input", e => {
    const input = e.target;
    if (input.dataset.alone !== undefined || input.type === "checkbox") {
      const alone = input.dataset.alone !== undefined;
      if (input.checked) for (const other of all(`[name="${input.name}"]`))
        if (other !== input && (alone || other.dataset.alone !== undefined)) other.checked = false;
    }
    if (input.dataset.rank) {
      // A place that is taken changes hands.
      for (const other of all(`[data-rank="${input.dataset.rank}"]`))
        if (other !== input && input.value && other.value === input.value) other.was = other.value = input.was || "";
      input.was = input.value;
    }
    if (input.classList.contains("other") && input.value) {
      const choice = all(`[name="${input.name.split(".")[0]}"]`).find(c => c.value === "+other");
      if (choice) choice.checked = true;
    }
    if (form.dataset.live !== undefined) { clearTimeout(later); later = setTimeout(look, input.type === "radio" || input.type === "checkbox" ? 0 : 400); }
  });
  for (const select of all("[data-rank]")) select.was = select.value;

  // One press, one answer.
  let sent = false;
  form.addEventListener("submit", e => { attend(null); sent ? e.preventDefault() : sent = true; });
  addEventListener("pageshow", () => sent = false);
})();
