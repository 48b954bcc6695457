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
