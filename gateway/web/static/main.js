import {t, language, switchLanguage} from "./words.js";
import {age} from "./html.js";
import {views} from "./views.js";
import {actions} from "./actions.js";

const NAMES = ["overview","dispatch","stock","climate","alarms","devices","events"];
const $ = (id) => document.getElementById(id);
const state = {plan:null, picture:null, heard:0, view:"overview", argument:"", cleanup:null, refresh:null};

function route(){
  const [name, ...rest] = decodeURIComponent(location.hash.slice(1) || "overview").split("/");
  state.view = name in views ? name : "overview"; state.argument = rest.join("/"); mount();
}
function chrome(){
  const active = (state.picture?.alarms ?? []).filter((a) => !a.cleared_at);
  $("nav").innerHTML = NAMES.map((name) => `<a href="#${name}"${name === state.view ? ' aria-current="page"' : ""}>${t(name)}${name === "alarms" && active.length ? `<span class="badge">${active.length}</span>` : ""}</a>`).join("");
  $("q").placeholder = t("find"); $("q").setAttribute("aria-label", t("find")); $("lang").textContent = language() === "en" ? "中文" : "English"; $("lang").lang = language() === "en" ? "zh" : "en";
}
async function mount(){
  if (!state.plan || !state.picture) return;
  state.cleanup?.(); state.refresh = null; chrome();
  const made = await views[state.view](state, $("view"));
  state.cleanup = made?.cleanup ?? null; state.refresh = made?.refresh ?? null;
}
function show(picture){
  const first = state.picture === null; state.picture = picture; state.heard = performance.now();
  if (first) mount(); else { chrome(); const kept = document.activeElement?.id; state.refresh?.(picture); if (kept && document.activeElement?.id !== kept) $(kept)?.focus({preventScroll:true}); }
}
function pulse(){
  const silent = (performance.now()-state.heard)/1000, lost = silent > 4;
  $("link").textContent = lost ? t("lost") : `${t("live")} · ${age(Math.max(0, silent))}`; $("link").classList.toggle("lost", lost);
  $("banner").hidden = !lost; $("banner").textContent = t("lostLong"); $("clock").textContent = new Date().toLocaleTimeString([], {hour12:false}); $("clock").title = new Date().toISOString()+" (UTC)";
}
function connect(){
  const source = new EventSource("/api/stream");
  source.addEventListener("snapshot", (event) => show(JSON.parse(event.data)));
}
$("lang").addEventListener("click", () => { switchLanguage(); mount(); });
$("search").addEventListener("submit", (event) => { event.preventDefault(); const text = $("q").value.trim(); if (text) location.hash = `search/${encodeURIComponent(text)}`; });
addEventListener("hashchange", route);
document.addEventListener("click", (event) => { const button = event.target.closest("[data-act]"); if (button) actions(button, state); });
state.plan = await (await fetch("/api/floor")).json(); $("site").textContent = state.plan.name; document.title = `Entrepôt · ${state.plan.name}`;
show(await (await fetch("/api/snapshot")).json()); route(); connect(); setInterval(pulse, 500); pulse();
