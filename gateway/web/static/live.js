// The link to the gateway: pictures as they come, ages that grow, and what to do when none comes.
import {age, clock} from "./format.js";
import {isSelected} from "./patch.js";
import {t} from "./words.js";

const LOST_S = 4;
const AGAIN_MS = 2_000;
const $ = (id) => document.getElementById(id);

export function connect(show) {
  const source = new EventSource("/api/stream");
  source.addEventListener("snapshot", (event) => show(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    // The browser tries again by itself, unless the answer was a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => connect(show), AGAIN_MS);
  });
}

export function pulse(state) {
  const silent = (performance.now() - state.receivedAt) / 1000;
  const lost = silent > LOST_S;
  if (lost && !state.isLost) state.lostSince = new Date(Date.now() - silent * 1000).toISOString();
  state.isLost = lost;
  document.body.classList.toggle("lost", lost);
  $("link").classList.toggle("lost", lost);
  write($("link"), lost ? t("lost") : `${t("live")} · ${age(Math.max(0, silent))}`);
  $("banner").hidden = !lost;
  write($("banner"), lost ? `■ ${t("lostLong", {since: clock(state.lostSince), age: age(silent)})}` : "");
  grow(silent);
  tick();
}

function grow(seconds) {
  for (const one of document.querySelectorAll("[data-age]")) {
    write(one, age(Number(one.dataset.age) + seconds));
  }
}

function tick() {
  const now = new Date();
  write($("clock"), now.toLocaleTimeString([], {hour12: false}));
  $("clock").title = `${now.toISOString()} (UTC)`;
}

function write(box, text) {
  const held = box.firstChild;
  if (box.textContent === text || (held && isSelected(held))) return;
  box.textContent = text;
}
