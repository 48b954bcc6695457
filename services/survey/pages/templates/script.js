// What the page is without scripts, only sooner: the server decides, this asks it while somebody is still filling in.
(() => {
  const form = document.querySelector("form"), all = s => [...form.querySelectorAll(s)];
  // A question called `elements` or `dataset` hides the form's own property of that name; names in camelCase are safe.
  const own = name => form.querySelector(`[name="${name}"]`), data = name => form.getAttribute("data-" + name);
  const spent = {}, field = (name, value) => {
    let input = own(name);
    if (!input) { input = document.createElement("input"); input.type = "hidden"; input.name = name; form.appendChild(input); }
    input.value = value;
  };

  // How long each question had somebody's attention, in milliseconds; the last one it had comes last.
  for (const part of (own(".spent")?.value || "").split(",")) if (part) spent[part.split(":")[0]] = +part.split(":")[1];
  let now = null, since = 0;
  const attend = key => {
    if (now) {
      const ms = (spent[now] || 0) + Math.round(performance.now() - since);
      delete spent[now];
      spent[now] = ms;
    }
    now = key; since = performance.now();
    field(".spent", Object.entries(spent).map(([k, ms]) => k + ":" + ms).join(","));
  };
  const keyOf = node => node.closest?.("[data-key]")?.dataset.key;
  addEventListener("focusin", e => { const key = keyOf(e.target); if (key && key !== now) attend(key); });

  // What is seen and what is left unfinished, kept without being asked; nothing of it if somebody only looked.
  const body = go => {
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.append(name, value);
    fields.set(".go", go);
    return fields;
  };
  const tell = go => data("watched") !== null && navigator.sendBeacon(location.href, body(go));
  let seen = false, touched = false, sent = false;
  const look_at = () => { if (!seen && !document.hidden) { seen = true; tell("seen"); } };
  for (const sign of ["pointermove", "pointerdown", "keydown", "scroll"]) addEventListener(sign, look_at, { once: true, passive: true });
  addEventListener("visibilitychange", () => {
    attend(document.hidden ? null : keyOf(document.activeElement) || null);
    if (document.hidden && touched && !sent) { touched = false; tell("keep"); }
  });
  addEventListener("pagehide", () => { if (seen && !sent) tell("leave"); });

  // Questions that depend on answers of the same page come and go.
  let asking = 0;
  const look = async () => {
    const turn = ++asking;
    try {
      const answer = await fetch(location.href, { method: "POST", body: body("look") });
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
      if (!here) { all("[data-key]")[place - 1] ? all("[data-key]")[place - 1].after(question) : form.insertBefore(question, form.firstChild); grew = true; return; }
      for (const part of ["legend", ".title", ".hint"]) {
        const [was, is] = [here.querySelector(part), question.querySelector(part)];
        if (was && is && was.textContent !== is.textContent) was.replaceWith(is);
      }
    });
    const ours = ":scope > input[type=hidden]:not([name='.spent'], [name='.proof'])";
    form.querySelectorAll(ours).forEach(input => input.remove());
    page.querySelectorAll(ours).forEach(input => form.appendChild(input));
    // In its place: somebody may have the focus on it.
    form.querySelector("[name='.go']").textContent = page.querySelector("[name='.go']").textContent;
    document.querySelector("[role=status]").textContent = grew ? data("more") : "";
  };

  let later;
  form.addEventListener("input", e => {
    const input = e.target;
    touched = true;
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
    if (data("live") !== null) { clearTimeout(later); later = setTimeout(look, input.type === "radio" || input.type === "checkbox" ? 0 : 400); }
  });
  for (const select of all("[data-rank]")) select.was = select.value;

  // A riddle for programs (ALTCHA): the number that makes the challenge.
  const solve = async puzzle => {
    const text = new TextEncoder();
    for (let number = 0; number <= puzzle.maxNumber; number++) {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text.encode(puzzle.salt + number)));
      if ([...digest].map(byte => byte.toString(16).padStart(2, "0")).join("") === puzzle.challenge)
        return field(".proof", btoa(JSON.stringify({ ...puzzle, number })));
    }
  };
  if (data("puzzle") && crypto.subtle) solve(JSON.parse(data("puzzle")));

  // One press, one answer.
  form.addEventListener("submit", e => { attend(null); sent ? e.preventDefault() : sent = true; });
  addEventListener("pageshow", () => sent = false);
})();
