// The page: which view is shown, what it shows, when it is drawn again.
import {ask} from "./ask.js";
import {dialog} from "./dialog.js";
import {html} from "./html.js";
import {learnAlarms, learnGoods} from "./links.js";
import {connect, pulse} from "./live.js";
import {patch} from "./patch.js";
import {language, switchLanguage, t} from "./words.js";
import {alarms} from "./views/alarms.js";
import {climate} from "./views/climate.js";
import {custody} from "./views/custody.js";
import {devices} from "./views/devices.js";
import {dispatch} from "./views/dispatch.js";
import {events} from "./views/events.js";
import {gapsView} from "./views/gaps.js";
import {letters} from "./views/letters.js";
import {goods, lot, place} from "./views/lists.js";
import {order} from "./views/order.js";
import {overview} from "./views/overview.js";
import {pallet} from "./views/pallet.js";
import {search} from "./views/search.js";
import {stock} from "./views/stock.js";
import {truck} from "./views/truck.js";
import {unit} from "./views/unit.js";

const TABS = {overview, dispatch, stock, climate, alarms, devices, events};
const VIEWS = {
  ...TABS, search, truck, order, pallet, unit, goods, lot, place, custody, letters, gaps: gapsView,
};
const ONE = new Set(["truck", "order", "pallet", "unit"]);
const PULSE_MS = 500;
const $ = (id) => document.getElementById(id);

const state = {
  plan: null, picture: null, receivedAt: 0, isLost: false, lostSince: "",
  view: "overview", argument: "", data: null, failed: null, filters: {}, drawn: new Set(),
};
let loadedAt = 0;
let turn = 0;

function route(isFirst) {
  const [name, ...rest] = location.hash.slice(1).split("/");
  const view = name in VIEWS ? name : "overview";
  const argument = decode(rest.join("/"));
  if (view !== state.view) VIEWS[state.view].leave?.();
  Object.assign(state, {view, argument, data: null, failed: null});
  turn += 1;
  if (view !== "search" && !isFirst) $("q").value = "";
  render();
  load();
  scrollTo(0, 0);
  if (!isFirst) $("heading").focus({preventScroll: true});
  $("nav").querySelector("a:not([aria-current=false])")?.scrollIntoView({block: "nearest", inline: "center"});
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function load() {
  const view = VIEWS[state.view];
  if (!view.load) return;
  const mine = turn;
  loadedAt = performance.now();
  try {
    const data = await view.load(state);
    if (mine === turn) Object.assign(state, {data, failed: null});
  } catch (failed) {
    if (mine === turn) state.failed = failed;
  }
  if (mine === turn) render();
}

function content(view) {
  if (!ONE.has(state.view) || state.data) return view.draw(state);
  const text = !state.failed ? t("loading") : state.failed.status === 404
    ? t("notThere", {what: t(state.view), id: state.argument}) : t("noAnswer");
  return html`<section class="wide"><p class="empty">${text}</p></section>`;
}

function render() {
  const view = VIEWS[state.view];
  state.drawn = new Set();
  learnGoods(state.picture.goods);
  chrome(view);
  patch($("view"), content(view));
  $("view").className = `view-${state.view}`;
  view.after?.(state);
  dialog.check(state);
}

function chrome(view) {
  const title = view.title?.(state) ?? t(`nav.${state.view}`);
  const active = state.picture.alarms.filter((one) => !one.cleared_at).length;
  const badge = active ? html`<span class="badge">${active}</span>` : "";
  // A view of its own may stand below a tab: "true" says that one is within it.
  const current = (name) => (name === state.view ? "page" : String(name === view.tab));
  patch($("nav"), html`${Object.keys(TABS).map((name) => html`<a href="#${name}" data-key="${name}"
    aria-current="${current(name)}">${t(`nav.${name}`)}
    ${name === "alarms" ? badge : ""}</a>`)}`);
  patch($("heading"), html`${title}`);
  $("heading").classList.toggle("quiet", Boolean(view.isQuiet));
  document.title = `${title} · ${state.plan.name}`;
  patch($("foot"), html`${state.picture.is_simulated ? t("simulated") : ""}`);
  words();
}

function words() {
  $("nav").setAttribute("aria-label", t("views"));
  $("q").placeholder = t("find");
  $("q").setAttribute("aria-label", t("findAbout"));
  $("q").title = t("findAbout");
  $("lang").textContent = language() === "en" ? "中文" : "English";
  $("lang").lang = language() === "en" ? "zh" : "en";
}

function show(picture) {
  state.picture = picture;
  state.receivedAt = performance.now();
  render();
}

function beat() {
  pulse(state);
  const every = VIEWS[state.view].every;
  if (every && !state.isLost && performance.now() - loadedAt >= every * 1000) load();
}

const DO = {
  pause: () => { state.filters.eventsPaused = !state.filters.eventsPaused; },
  newest: () => { state.data = {...state.data, isPagedBack: false}; load(); },
  older: async () => { state.data = await events.older(state); render(); },
};

async function clicked(event) {
  const act = event.target.closest("[data-act]");
  if (act) return dialog.open(act, state);
  const step = event.target.closest("[data-do]");
  if (!step) return;
  await DO[step.dataset.do]();
  render();
}

function filtered(event) {
  const name = event.target.dataset?.filter;
  if (!name) return;
  state.filters[name] = event.target.value;
  render();
  load();
}

function searched(event) {
  event.preventDefault();
  const text = $("q").value.trim();
  if (!text) return;
  const wanted = `#search/${encodeURIComponent(text)}`;
  if (location.hash === wanted) route(false);
  else location.hash = wanted;
}

$("lang").addEventListener("click", () => { switchLanguage(); render(); });
$("search").addEventListener("submit", searched);
addEventListener("hashchange", () => route(false));
document.addEventListener("click", clicked);
document.addEventListener("input", filtered);
[state.plan, state.picture] = await Promise.all([ask("/api/floor"), ask("/api/snapshot")]);
state.receivedAt = performance.now();
learnAlarms(state.plan.alarms);
$("site").textContent = state.plan.name;
route(true);
connect(show);
setInterval(beat, PULSE_MS);
beat();
