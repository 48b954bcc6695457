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
    this.current = page.questions[0]?.key;
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
      onLate = (item, late) => {
        if (item.path === "/responses" && late.status < 300 && open === this && !this.done) this.goOn(left, late.body);
      };
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
    this.goOn(left, answer.body);
  }

  goOn(left, body) {
    this.left = left;
    this.step = { ...this.step, ...body };
    if (this.step.state === "end") this.finish(body); else this.draw();
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
