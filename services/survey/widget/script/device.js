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
