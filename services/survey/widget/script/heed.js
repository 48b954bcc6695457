/* Heed's widget. Asks a survey inside a web page, in a shadow DOM of its own; needs nothing else. See the widget guide.
   The server says what is asked next, so no rule of a survey lives here. */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.Heed) return;
  const base = script.src.split(/[?#]/)[0].replace(/\.js$/, "");
  const CSS = "/*css*/";
  const QUEUE = "heed.queue";
  const DAY = 864e5;

  // Someone who asks not to be tracked is not interrupted, and nothing is kept on their device.
  const quiet = navigator.doNotTrack === "1" || window.doNotTrack === "1" || navigator.globalPrivacyControl === true;
  const memory = {};
  const store = {
    get(key) {
      try { return JSON.parse((quiet ? memory[key] : localStorage.getItem(key)) || "null"); } catch { return null; }
    },
    set(key, value) {
      const text = JSON.stringify(value);
      memory[key] = text;
      if (!quiet) try { localStorage.setItem(key, text); } catch { /* Full, or forbidden: memory has it. */ }
    },
  };

  /* ---- sending: everything waits in a queue until the server has it; the submission id makes repeating harmless ---- */

  const waiting = new Map();
  let flushing = null, delay = 2000, timer = 0;

  function post(path, body) {
    const id = uuid();
    store.set(QUEUE, [...(store.get(QUEUE) || []), { id, path, body }].slice(-50));
    return new Promise((resolve) => { waiting.set(id, resolve); flush(); });
  }

  function flush() {
    flushing ||= drain().finally(() => { flushing = null; });
    return flushing;
  }

  async function drain() {
    for (;;) {
      const item = (store.get(QUEUE) || [])[0];
      if (!item) return;
      let answer = null;
      try {
        // A simple request: no preflight, and it survives the page being closed.
        const body = JSON.stringify(item.body);
        answer = await fetch(base + item.path, { method: "POST", body, keepalive: body.length < 6e4 });
      } catch { /* Offline. */ }
      const status = answer ? answer.status : 0;
      const again = status === 0 || status === 429 || status >= 500;
      const done = waiting.get(item.id);
      if (again) {
        waiting.delete(item.id);
        if (done) done({ status: 0 });
        clearTimeout(timer);
        timer = setTimeout(flush, delay * (0.5 + Math.random()));
        delay = Math.min(delay * 2, 3e5);
        return;
      }
      delay = 2000;
      store.set(QUEUE, (store.get(QUEUE) || []).filter((other) => other.id !== item.id));
      waiting.delete(item.id);
      if (done) done({ status, body: await answer.json().catch(() => ({})) });
      else if (onLate) onLate(item, status);
    }
  }
  let onLate = null;
  addEventListener("online", flush);

  /* ---- small things ---- */

  function uuid() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  /* Texts only ever become text nodes: whatever a survey or a customer wrote stays words. */
  function el(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (value === true) node.setAttribute(key, "");
      else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child != null && child !== false));
    return node;
  }

  async function solve(puzzle) {
    const encoder = new TextEncoder();
    for (let number = 0; number <= puzzle.maxNumber; number++) {
      const digest = await crypto.subtle.digest(puzzle.algorithm, encoder.encode(puzzle.salt + number));
      const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      if (hex === puzzle.challenge) {
        const { algorithm, challenge, salt, signature } = puzzle;
        return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
      }
    }
    return null;
  }

  /* ---- questions: a node, and a function that reads its answer (undefined: none) ---- */

  const NUMERIC = ["nps", "csat", "ces", "rating"];
  const FACES = ["😞", "🙁", "😐", "🙂", "😀"];

  function scale(question, name, labelledBy, given) {
    const row = el("div", { class: "scale", "data-style": question.style || "numbers" });
    const paint = () => {
      const chosen = row.querySelector(":checked");
      const stars = question.style === "stars" && chosen;
      for (const label of row.children) {
        label.classList.toggle("below", !!stars && +label.firstChild.value < +chosen.value);
      }
    };
    question.scores.forEach((score, index) => {
      const face = FACES[Math.round((index / (question.scores.length - 1)) * 4)];
      const shown = { stars: "★", faces: face }[question.style] || String(score);
      const ends = score === question.scores[0] ? question.low : index === question.scores.length - 1 && question.high;
      const input = el("input", { type: "radio", name, value: score, "aria-label": `${score}${ends ? " – " + ends : ""}` });
      input.checked = given === score;
      row.append(el("label", {}, input, el("span", { "aria-hidden": "true" }, shown)));
    });
    row.addEventListener("change", paint);
    paint();
    row.setAttribute("role", "radiogroup");
    row.setAttribute("aria-labelledby", labelledBy);
    return [row, () => { const on = row.querySelector(":checked"); return on ? +on.value : undefined; }];
  }

  function ends(question) {
    return question.low || question.high ? el("div", { class: "ends", "aria-hidden": "true" },
      el("span", {}, question.low || ""), el("span", {}, question.high || "")) : null;
  }

  function choice(kind, name, option, checked) {
    const input = el("input", { type: kind, name, value: option.id });
    input.checked = checked;
    return el("label", { class: "option" }, input, el("span", {}, option.label));
  }

  function choices(question, name, given, words) {
    const several = question.type === "multiple";
    const had = several ? given || [] : given === undefined ? [] : [given];
    const own = had.find((value) => value && value.other !== undefined);
    const box = el("div", {});
    for (const option of question.options) box.append(choice(several ? "checkbox" : "radio", name, option, had.includes(option.id)));
    let words_ = null;
    if (question.other) {
      box.append(choice(several ? "checkbox" : "radio", name, { id: "\u0000", label: words.other }, !!own));
      words_ = el("input", { class: "field", maxlength: 500, "aria-label": words.other });
      words_.value = own ? own.other : "";
      words_.addEventListener("input", () => { [...box.querySelectorAll("[name]")].at(-1).checked = words_.value !== ""; });
      box.append(words_);
    }
    box.addEventListener("change", (event) => {
      if (!several || !event.target.checked) return;
      const alone = (input) => question.options.some((option) => option.id === input.value && option.exclusive);
      for (const input of box.querySelectorAll(":checked")) {
        if (input !== event.target && (alone(event.target) || alone(input))) input.checked = false;
      }
    });
    return [box, () => {
      const values = [...box.querySelectorAll(":checked")].map((input) =>
        input.value === "\u0000" ? { other: words_.value } : input.value);
      return several ? (values.length ? values : undefined) : values[0];
    }];
  }

  function grid(question, name, given = {}, words) {
    const box = el("div", {});
    const readers = (question.rows || question.items).map((row, index) => {
      const id = `${name}-${index}`;
      const part = el("div", { class: "row" }, el("div", { class: "title", id }, row.label));
      box.append(part);
      if (question.type === "csi") {
        const [node, read] = scale(question, id + "s", id, given[row.id] ?? undefined);
        part.append(node, ends(question) || "");
        if (!question.allow_not_applicable) return [row.id, read];
        const none = el("input", { type: "checkbox" });
        none.checked = given[row.id] === null;
        none.addEventListener("change", () => { for (const on of node.querySelectorAll(":checked")) on.checked = false; });
        node.addEventListener("change", () => { none.checked = false; });
        part.append(el("label", { class: "option" }, none, words.not_applicable));
        return [row.id, () => (none.checked ? null : read())];
      }
      const had = [].concat(given[row.id] ?? []);
      const group = el("div", { role: "group", "aria-labelledby": id });
      for (const column of question.columns) {
        group.append(choice(question.several ? "checkbox" : "radio", id + "c", column, had.includes(column.id)));
      }
      part.append(group);
      return [row.id, () => {
        const values = [...group.querySelectorAll(":checked")].map((input) => input.value);
        return question.several ? (values.length ? values : undefined) : values[0];
      }];
    });
    return [box, () => {
      const found = Object.fromEntries(readers.map(([id, read]) => [id, read()]).filter(([, value]) => value !== undefined));
      return Object.keys(found).length ? found : undefined;
    }];
  }

  function ranking(question, name, given = [], words) {
    const box = el("div", {});
    const places = question.places || question.options.length;
    const selects = Array.from({ length: places }, (_, index) => {
      const select = el("select", { class: "field", "aria-label": `${index + 1}.` }, el("option", { value: "" }, `${index + 1}. ${words.choose}`),
        ...question.options.map((option) => el("option", { value: option.id }, `${index + 1}. ${option.label}`)));
      select.value = given[index] || "";
      // Chosen in another place before: moved, never twice.
      select.addEventListener("change", () => {
        for (const other of selects) if (other !== select && other.value === select.value) other.value = "";
      });
      box.append(select);
      return select;
    });
    return [box, () => {
      const values = selects.map((select) => select.value).filter(Boolean);
      return values.length ? values : undefined;
    }];
  }

  function upload(question, name, given = [], words, view) {
    const ids = [...given];
    const status = el("p", { role: "status" }, ids.length ? words.uploaded : "");
    const input = el("input", { type: "file", class: "field", multiple: question.most > 1, accept: question.accept });
    input.addEventListener("change", async () => {
      ids.length = 0;
      for (const file of [...input.files].slice(0, question.most)) {
        status.textContent = words.uploading;
        const query = new URLSearchParams({
          survey_id: view.survey, submission_id: view.submission, question: question.key, name: file.name,
        });
        try {
          const answer = await fetch(`${base}/uploads?${query}`, { method: "POST", body: file });
          const told = await answer.json();
          if (!answer.ok) { status.textContent = told.detail; return; }
          ids.push(told.id);
        } catch { status.textContent = words.offline; return; }
      }
      status.textContent = words.uploaded;
    });
    return [el("div", {}, input, status), () => (ids.length ? ids : undefined)];
  }

  const TYPES = { short_text: "text", email: "email", phone: "tel", number: "text", date: "date" };

  function control(question, name, labelledBy, given, words, view) {
    if (NUMERIC.includes(question.type)) {
      const [node, read] = scale(question, name, labelledBy, given);
      return [el("div", {}, node, ends(question)), read];
    }
    if (question.type === "single" || question.type === "multiple") return choices(question, name, given, words);
    if (question.type === "csi" || question.type === "matrix") return grid(question, name, given || {}, words);
    if (question.type === "ranking") return ranking(question, name, given, words);
    if (question.type === "file") return upload(question, name, given, words, view);
    if (question.type === "statement") return [null, () => undefined];
    if (question.type === "consent") {
      const node = choice("checkbox", name, { id: "1", label: question.statement }, given === true);
      return [node, () => node.firstChild.checked || (question.required ? undefined : false)];
    }
    const long = question.type === "long_text";
    const node = el(long ? "textarea" : "input", {
      class: "field", name, "aria-labelledby": labelledBy, maxlength: question.longest, placeholder: question.placeholder,
      type: long ? null : TYPES[question.type], inputmode: question.type === "number" ? "decimal" : null,
      min: question.earliest, max: question.latest,
      autocomplete: { email: "email", phone: "tel" }[question.type],
    });
    node.value = given ?? "";
    return [question.unit ? el("label", {}, node, " ", question.unit) : node, () => {
      const text = node.value.trim();
      if (!text) return undefined;
      // A number stays the text that was typed if it is none, for the server to name.
      return question.type === "number" && /^-?\d+([.,]\d+)?$/.test(text) ? +text.replace(",", ".") : text;
    }];
  }

  /* ---- one survey on the screen ---- */

  let open = null;

  class View {
    constructor(options) {
      this.options = options;
      this.survey = options.survey;
      this.mark = `heed.${options.survey}`;
      const known = store.get(this.mark) || {};
      this.submission = known.submission || uuid();
      this.answers = known.answers || {};
      this.left = known.left || [];
      this.seen = {};
      this.before = document.activeElement;
    }

    async start() {
      const query = new URLSearchParams({ lang: this.options.lang || document.documentElement.lang || navigator.language });
      for (const key of this.left) query.append("left", key);
      let step;
      try {
        const answer = await fetch(`${base}/surveys/${this.survey}?${query}`);
        if (!answer.ok) return false;
        step = await answer.json();
      } catch { return false; }
      this.step = step;
      this.stamp = step.stamp;
      this.host = el("div", { "data-heed": "" });
      const root = this.host.attachShadow({ mode: "open" });
      // A sheet made by script is not an inline style: the site's content security policy need not allow those.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      root.adoptedStyleSheets = [sheet];
      this.box = el("section", { class: "box", role: "dialog", "aria-labelledby": "heed-title", "data-place": this.options.place || "end" });
      this.box.addEventListener("keydown", (event) => { if (event.key === "Escape") this.dismiss(); });
      this.box.addEventListener("focusin", (event) => this.attend(event));
      this.box.addEventListener("pointerdown", (event) => this.attend(event));
      root.append(this.box);
      document.body.append(this.host);
      if (step.puzzle) this.proof = solve(step.puzzle);
      this.solved = step.puzzle;
      this.draw();
      this.tell("displayed");
      return true;
    }

    context() {
      const address = location.origin + location.pathname;
      const { identity, touchpoint, hidden } = this.options;
      return {
        survey_id: this.survey, submission_id: this.submission, language: this.step.language, touchpoint, identity,
        hidden: hidden || {}, source: { url: address.slice(0, 500) },
      };
    }

    tell(state) {
      this.count();
      return post("/attempts", { ...this.context(), state, seen: this.seen, last_question: this.current || null });
    }

    /* Whose turn it is gets the time: the question that was last touched. */
    attend(event) {
      const part = event.target.closest("[data-key]");
      if (part && part.dataset.key !== this.current) { this.count(); this.current = part.dataset.key; }
    }

    count() {
      const now = performance.now();
      if (this.current) this.seen[this.current] = Math.round((this.seen[this.current] || 0) + now - this.since);
      this.since = now;
    }

    draw(errors = {}) {
      const { step, box } = this;
      const { words, page } = step;
      box.lang = step.language;
      box.dir = step.direction;
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const accent = dark ? step.theme.accent_dark : step.theme.accent;
      if (accent) { box.style.setProperty("--accent", accent); box.style.setProperty("--on-accent", dark ? step.theme.on_accent_dark : step.theme.on_accent); }
      const close = el("button", { class: "close", type: "button", "aria-label": words.close, onclick: () => this.dismiss() }, "×");
      box.replaceChildren(close);
      if (step.state === "end") return this.thank();
      const form = el("form", { novalidate: true });
      if (step.progress) box.append(el("progress", { max: 100, value: step.progress, "aria-label": words.progress }));
      this.readers = page.questions.map((question, index) => {
        const id = `q${index}`;
        const [node, read] = control(question, id, id, this.answers[question.key], words, this);
        const problem = errors[question.key];
        const part = el("fieldset", { "data-key": question.key, "aria-describedby": `${id}d ${id}e` },
          el("legend", { id }, question.title, question.required && question.type !== "statement" ? " *" : ""),
          el("p", { id: `${id}d`, hidden: !question.description }, question.description || ""),
          el("p", { id: `${id}e`, class: "bad", hidden: !problem }, problem || ""), node);
        form.append(part);
        return [question.key, read];
      });
      // People do not see it, programs fill it in.
      this.trap = el("input", { name: "website", tabindex: -1, autocomplete: "off" });
      form.append(el("div", { class: "trap", "aria-hidden": "true" }, this.trap));
      const back = this.left.length ? el("button", { type: "button", onclick: () => this.back() }, words.back) : null;
      this.button = el("button", { class: "main" }, step.is_last ? words.send : words.next);
      this.note = el("p", { role: "status" });
      form.append(el("div", { class: "foot" }, this.button, back), this.note);
      form.addEventListener("submit", (event) => { event.preventDefault(); this.next(); });
      form.addEventListener("change", () => this.begin(), { once: true });
      const title = el("h2", { id: "heed-title", tabindex: -1, hidden: !page.title && !step.business }, page.title || step.business || "");
      box.append(title, form);
      if (!page.title && !step.business) box.setAttribute("aria-labelledby", "q0");
      this.current = page.questions[0].key;
      this.since = performance.now();
      const first = form.querySelector(".bad:not([hidden])");
      if (first) first.closest("fieldset").querySelector("input, select, textarea")?.focus();
      else if (this.left.length || this.options.byHand) (title.hidden ? form.querySelector("input, textarea, select, button") : title).focus();
    }

    begin() {
      if (!this.begun) { this.begun = true; this.tell("started"); }
    }

    read() {
      for (const [key, read] of this.readers) {
        const value = read();
        if (value === undefined) delete this.answers[key]; else this.answers[key] = value;
      }
    }

    async back() {
      this.read();
      this.left.pop();
      await this.send(this.left, false);
    }

    async next() {
      this.begin();
      this.read();
      await this.send([...this.left, this.step.page.key], true);
    }

    async send(left, forward) {
      this.count();
      this.button.disabled = true;
      const body = {
        ...this.context(), left, forward, answers: Object.entries(this.answers).map(([question, value]) => ({ question, value })),
        seen: this.seen, last_question: this.current, stamp: this.stamp, trap: this.trap.value, proof: (await this.proof) || null,
        survey_version: this.step.survey_version,
      };
      const was = store.get(this.mark) || {};
      store.set(this.mark, { ...was, submission: this.submission, answers: this.answers, left });
      const answer = await post("/responses", body);
      this.button.disabled = false;
      if (answer.status === 0) {
        this.note.textContent = this.step.words.offline;
        onLate = (item, status) => { if (status < 300 && open === this) this.close(); };
        if (this.step.is_last && forward) this.finish({ state: "end", kept: true });
        return;
      }
      if (answer.status === 422 && answer.body.errors) {
        const errors = {};
        for (const problem of answer.body.errors) errors[problem.question || ""] ||= problem.words || problem.detail;
        this.draw(errors);
        if (errors[""]) this.note.textContent = errors[""];
        return;
      }
      if (answer.status >= 300) { this.note.textContent = answer.body.detail || this.step.words.offline; return; }
      this.left = left;
      this.step = { ...this.step, ...answer.body };
      if (this.step.state === "end") this.finish(answer.body); else this.draw();
    }

    finish(end) {
      this.step = { ...this.step, ...end };
      store.set(this.mark, { answered: Date.now() });
      this.done = true;
      this.draw();
    }

    thank() {
      const { words, ending, kept, receipt, review } = this.step;
      const link = (to, text) => el("p", {}, el("a", { href: to, target: "_blank", rel: "noopener noreferrer" }, text));
      const title = el("h2", { id: "heed-title", tabindex: -1 }, (ending && ending.title) || words.thanks);
      this.box.append(title, el("div", { role: "status" },
        kept ? el("p", {}, words.offline) : null,
        ending && ending.text ? el("p", {}, ending.text) : null,
        ending && ending.link ? link(ending.link.url, ending.link.label) : null,
        review ? link(review.url, review.label) : null,
        receipt ? link(receipt, words.receipt) : null));
      title.focus();
    }

    dismiss() {
      if (!this.done) {
        this.tell("dismissed");
        store.set(this.mark, { ...(store.get(this.mark) || {}), dismissed: Date.now() });
      }
      this.close();
    }

    close() {
      this.host.remove();
      open = null;
      // Back to where they were, if the focus was in here.
      if (this.before && document.activeElement === document.body) this.before.focus?.();
    }
  }

  /* ---- when to ask ---- */

  async function show(options) {
    if (open || !options.survey) return false;
    open = new View(options);
    if (await open.start()) return true;
    open = null;
    return false;
  }

  function wantedBy(options) {
    const known = store.get(`heed.${options.survey}`) || {};
    const rest = (options.once ?? 30) * DAY;
    const last = Math.max(known.answered || 0, known.dismissed || 0);
    if (last && Date.now() - last < rest) return false;
    if (options.sample == null) return true;
    // Drawn once for each visitor, so that reloading the page is no new lot.
    const lot = known.lot ?? Math.random();
    store.set(`heed.${options.survey}`, { ...known, lot });
    return lot < options.sample;
  }

  function auto(options) {
    if (options.trigger) {
      document.addEventListener("click", (event) => {
        const found = event.target.closest?.(options.trigger);
        if (found) { event.preventDefault(); show({ ...options, byHand: true }); }
      });
      return;
    }
    if (quiet || !wantedBy(options)) return;
    const after = () => setTimeout(() => show(options), (options.delay || 0) * 1000);
    if (!options.scroll) return after();
    const look = () => {
      const page = document.documentElement;
      if ((scrollY + innerHeight) / page.scrollHeight * 100 < options.scroll) return;
      removeEventListener("scroll", look);
      after();
    };
    addEventListener("scroll", look, { passive: true });
    look();
  }

  const data = script.dataset;
  const hidden = {};
  for (const [key, value] of Object.entries(data)) {
    // data-hidden-plan-name is the hidden field plan_name.
    if (/^hidden[A-Z]/.test(key)) hidden[key.slice(6).replace(/[A-Z]/g, (one, at) => (at ? "_" : "") + one.toLowerCase())] = value;
  }
  const number = (text) => (text === undefined || text === "" || isNaN(text) ? undefined : +text);
  const settings = {
    survey: data.survey, lang: data.lang, place: data.place, trigger: data.trigger, touchpoint: data.touchpoint,
    identity: data.identity, hidden, delay: number(data.delay), scroll: number(data.scroll), once: number(data.once),
    sample: number(data.sample),
  };

  window.Heed = {
    open: (options = {}) => show({ ...settings, byHand: true, ...options }),
    close: () => { if (open) open.dismiss(); },
    identify: (token) => { settings.identity = token; if (open) open.options.identity = token; },
  };
  flush();
  if (settings.survey) {
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => auto(settings));
    else auto(settings);
  }
})();
