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
