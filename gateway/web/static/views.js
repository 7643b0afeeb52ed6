// One function a view: draws itself into the main element and returns how to refresh and to leave.
import {t, statusWord} from "./words.js";
import {html, age, clock, when, placeWord} from "./html.js";
import {FloorMap} from "./floor.js";
import {kpis, alarm, alarmList, docks, climate, orderTable, truckTable, eventTable, placesTable, unitLink} from "./panels.js";

const put = (id, markup) => { const box = document.getElementById(id); if (box && box.dataset.now !== markup.text){ const open = box.querySelector("details")?.open; box.innerHTML = markup.text; box.dataset.now = markup.text; if (open) box.querySelector("details").open = true;
  for (const bar of box.querySelectorAll("[data-part]")) bar.style.width = `${bar.dataset.part}%`; } };

export const views = {
  overview(state, main){
    main.innerHTML = html`<div id="kpis" class="kpibox"></div><section><h2>${t("floor")}<span class="age" id="where"></span></h2><canvas id="floor" role="img" aria-label="${t("floor")}"></canvas>
      <div class="legend"><span><i class="l0"></i>${t("empties")}</span><span><i class="l2"></i>${t("some")}</span><span><i class="lh"></i>${t("hold")}</span><span><i class="lm"></i>${t("moving")}</span></div><div id="places"></div></section>
      <div class="side"><section id="alarms"></section><section id="docks"></section><section id="climate"></section></div>
      <section class="wide"><h2>${t("dispatch")}</h2><div id="orders"></div></section>`.text;
    const canvas = document.getElementById("floor"), map = new FloorMap(canvas, state.plan);
    canvas.addEventListener("click", (event) => { const found = map.locationAt(event); if (found) location.hash = `place/${found}`; });
    const refresh = (picture) => { map.show(picture); put("kpis", kpis(picture)); put("alarms", alarmList(state, picture, 5)); put("docks", docks(state, picture)); put("climate", climate(picture)); put("orders", orderTable(picture, 8)); put("places", placesTable(picture)); };
    refresh(state.picture); map.start(); return {refresh};
  },
  dispatch(state, main){
    main.innerHTML = `<section class="wide"><h2>${t("orders")}</h2><div id="orders"></div></section><section class="wide"><h2>${t("truck")}</h2><div id="trucks"></div></section><section id="docks"></section><section id="tasks"></section>`;
    const refresh = (picture) => { put("orders", orderTable(picture, 60)); put("trucks", truckTable(picture)); put("docks", docks(state, picture));
      put("tasks", html`<h2>${t("tasks")}</h2>${picture.tasks.length ? html`<table><tr><th>${t("what")}<th>${t("source")}<th>${t("target")}<th>${t("vehicle")}<th>${t("state")}</tr>${picture.tasks.map((k) => html`<tr><td>${k.what}</td><td>${placeWord(k.source)}</td><td>${placeWord(k.target)}</td><td>${k.vehicle ?? "–"}</td><td>${k.state}</td></tr>`)}</table>` : html`<p class="empty">${t("empty")}</p>`}`); };
    refresh(state.picture); return {refresh};
  },
  stock(state, main){
    main.innerHTML = `<section id="stock"></section><section id="holds"></section><section class="wide" id="decisions"></section>`;
    const refresh = (picture) => {
      put("stock", html`<h2>${t("stock")}</h2><table class="cards"><thead><tr><th>${t("goods")}<th>${t("zone")}<th>${t("status")}<th class="n">${t("count")}</tr></thead><tbody>${picture.stock.map((s) => html`<tr><td data-h="${t("goods")}">${document.documentElement.lang === "zh" ? s.name_zh : s.name_en}</td><td data-h="${t("zone")}">${s.zone}</td><td data-h="${t("status")}">${statusWord(s.status)}</td><td data-h="${t("count")}" class="n">${s.cartons_count}</td></tr>`)}</tbody></table>`);
      const pallets = new Map(); for (const h of picture.holds){ const key = `${h.sscc}/${h.kind}`; if (!pallets.has(key)) pallets.set(key, {...h, count:0}); pallets.get(key).count++; }
      put("holds", html`<h2>${t("holds")} · ${picture.holds.length}</h2>${[...pallets.values()].map((h) => html`<div class="alarm"><span class="sym high">!</span><div><b>${h.kind}</b> <span class="age">${when(h.since)}</span><p>${t("pallet")} ${h.sscc} · ${h.count} ${t("units")} · ${placeWord(h.place)}</p><p>${h.reason}</p></div><button data-act="releasePallet" data-id="${h.sscc}" data-about="${h.reason}">${t("release")}</button></div>`)}${picture.holds.length ? "" : html`<p class="empty">${t("empty")}</p>`}`);
      put("decisions", html`<h2>${t("decisions")}</h2>${picture.decisions.map((d) => html`<details><summary>${clock(d.at)} · ${d.sscc} → ${d.location ?? "–"} · ${t("score")} ${d.score?.toFixed(2) ?? "–"}</summary><p class="mono">${Object.entries(d.terms).map(([k, v]) => `${k} ${typeof v === "number" ? v.toFixed(2) : v}`).join(" · ")}</p><ul>${d.rejected.slice(0, 20).map((r) => html`<li class="dim">${t("rejected")} ${r.location}: ${r.why}</li>`)}</ul></details>`)}`); };
    refresh(state.picture); return {refresh};
  },
  climate(state, main){
    main.innerHTML = html`<section class="wide" id="now"></section>${state.plan.zones.map((zone) => html`<section class="wide"><h2>${zone} · °C · 15 ${t("minutes")}</h2><div id="chart-${zone}"></div></section>`)}`.text;
    const draw = async () => { for (const zone of state.plan.zones){ const answer = await fetch(`/api/climate?zone=${zone}&minutes=15`); if (!answer.ok) continue; const band = state.picture.climate.find((z) => z.zone === zone), box = document.getElementById(`chart-${zone}`); if (box) box.innerHTML = chart((await answer.json()).samples, band).text; } };
    const refresh = (picture) => put("now", climate(picture)); refresh(state.picture); draw(); const timer = setInterval(draw, 5000); return {refresh, cleanup:() => clearInterval(timer)};
  },
  alarms(state, main){
    main.innerHTML = `<section class="wide" id="list"></section>`;
    const refresh = (picture) => { const active = picture.alarms.filter((a) => !a.cleared_at), old = picture.alarms.filter((a) => a.cleared_at); put("list", html`<h2>${t("alarms")} · ${active.length}</h2>${active.map((one) => alarm(state, one, true))}${active.length ? "" : html`<p class="empty">${t("noAlarms")}</p>`}<h3>${t("cleared")}</h3>${old.map((one) => alarm(state, one, false))}`); };
    refresh(state.picture); return {refresh};
  },
  devices(state, main){
    main.innerHTML = `<section class="wide" id="edges"></section><section class="wide" id="list"></section><section class="wide" id="processes"></section>`;
    const sign = (ok, word) => ok ? word : html`<span class="bad">■ ${word}</span>`;
    const refresh = (picture) => {
      put("edges", html`<h2>${t("edge")}</h2><table class="cards"><thead><tr><th>${t("edge")}<th>${t("state")}<th>${t("seen")}<th class="n">${t("tip")}<th class="n">${t("head")}<th class="n">${t("outbox")}</tr></thead><tbody>${picture.edges.map((e) => html`<tr><td data-h="${t("edge")}">${e.edge}</td><td data-h="${t("state")}">${sign(e.is_online, e.is_online ? t("live") : t("lost"))}</td><td data-h="${t("seen")}">${age(e.beat_age_s)}</td><td data-h="${t("tip")}" class="n">${e.tip_seq}</td><td data-h="${t("head")}" class="n">${e.head_seq}</td><td data-h="${t("outbox")}" class="n">${e.custody_rows} + ${e.telemetry_rows}</td></tr>`)}</tbody></table>`);
      put("list", html`<h2>${t("devices")}</h2><table class="cards"><thead><tr><th>${t("device")}<th>${t("edge")}<th>${t("family")}<th>${t("zone")}<th>${t("state")}<th>${t("seen")}</tr></thead><tbody>${picture.devices.map((d) => html`<tr><td data-h="${t("device")}">${d.device}</td><td data-h="${t("edge")}">${d.edge}</td><td data-h="${t("family")}">${d.family}</td><td data-h="${t("zone")}">${d.zone || d.read_point}</td><td data-h="${t("state")}">${sign(d.status === "ok", d.status_reason || d.status)}</td><td data-h="${t("seen")}">${age(d.seen_age_s)}</td></tr>`)}</tbody></table>`);
      put("processes", html`<h2>${t("process")}</h2><table class="cards"><thead><tr><th>${t("process")}<th>${t("state")}<th class="n">${t("restarts")}<th>${t("lastExit")}<th>${t("since")}</tr></thead><tbody>${picture.processes.map((p) => html`<tr><td data-h="${t("process")}">${p.process}</td><td data-h="${t("state")}">${sign(p.state === "running", p.state)}</td><td data-h="${t("restarts")}" class="n">${p.restarts_count}</td><td data-h="${t("lastExit")}">${p.last_exit || "–"}</td><td data-h="${t("since")}">${when(p.since)}</td></tr>`)}</tbody></table>`); };
    refresh(state.picture); return {refresh};
  },
  async events(state, main){
    main.innerHTML = `<section class="wide"><h2>${t("events")}</h2><div id="list"></div></section><section class="wide" id="dead"></section>`;
    const letters = (await (await fetch("/api/dead-letters")).json()).dead_letters;
    put("dead", html`<h2>${t("dead")} · ${letters.length}</h2>${letters.slice(0, 20).map((d) => html`<details><summary>${when(d.at)} ${d.reason}: ${d.detail.slice(0, 140)}</summary><p class="mono">${d.topic} · ${d.bytes_count} B<br>${d.body}</p></details>`)}`);
    const refresh = (picture) => put("list", eventTable(picture.events)); refresh(state.picture); return {refresh};
  },
  async search(state, main){
    const found = (await (await fetch(`/api/search?q=${encodeURIComponent(state.argument)}`)).json()).found;
    main.innerHTML = html`<section class="wide"><h2>${t("results")} · ${state.argument}</h2>${found.length ? html`<table class="cards"><thead><tr><th>${t("kind")}<th>${t("what")}<th>${t("state")}<th>${t("place")}</tr></thead><tbody>${found.map((f) => html`<tr><td data-h="${t("kind")}">${t(f.kind)}</td><td data-h="${t("what")}">${f.kind === "unit" ? unitLink(f.id) : html`<a class="mono" href="#search/${encodeURIComponent(f.id)}">${f.id}</a>`}</td><td data-h="${t("state")}">${f.kind === "unit" ? statusWord(f.state) : f.state}</td><td data-h="${t("place")}">${placeWord(f.place)}</td></tr>`)}</tbody></table>` : html`<p class="empty">${t("none")}</p>`}</section>`.text;
  },
  async place(state, main){
    const units = (await (await fetch("/api/units")).json()).units.filter((u) => u.place === `location:${state.argument}`);
    main.innerHTML = html`<section class="wide"><h2>${state.argument}</h2>${units.length ? html`<table class="cards"><thead><tr><th>${t("unit")}<th>${t("goods")}<th>${t("status")}<th>${t("holds")}</tr></thead><tbody>${units.map((u) => html`<tr><td data-h="${t("unit")}">${unitLink(u.unit)}</td><td data-h="${t("goods")}">${u.goods_id}</td><td data-h="${t("status")}">${statusWord(u.status)}</td><td data-h="${t("holds")}">${u.holds_count}</td></tr>`)}</tbody></table>` : html`<p class="empty">${t("empty")}</p>`}</section>`.text;
  },
  async unit(state, main){
    const answer = await fetch(`/api/units/${encodeURIComponent(state.argument)}`);
    if (!answer.ok){ main.innerHTML = html`<section class="wide"><p class="empty">${t("none")}</p></section>`.text; return; }
    const u = await answer.json(), told = (what) => Object.entries(what).filter(([, v]) => v !== null && typeof v !== "object").map(([k, v]) => html`<span class="tag">${k} <b>${v}</b></span> `);
    main.innerHTML = html`<section><h2>${t("story")}</h2><ol class="story">${u.story.map((s) => html`<li><span>${when(s.at)}<br><span class="dim">${s.kind}</span></span><div>${told(s.what)}<div class="cause">${t("evidence")}: ${s.cause}</div></div></li>`)}</ol></section>
      <section><h2>${t("unit")}</h2><p class="mono">${u.unit}<br>${u.epc_hex}</p><p>${document.documentElement.lang === "zh" ? u.goods.name_zh : u.goods.name_en}</p><p>${t("status")}: <b>${statusWord(u.status)}</b></p><p>${t("place")}: <b>${placeWord(u.place)}</b> <span class="age">${when(u.place_at)} · ${u.place_evidence}</span></p><p>${t("pallet")}: <a class="mono" href="#search/${u.sscc}">${u.sscc}</a></p><p>${t("order")}: ${u.order_id ? html`<a class="mono" href="#search/${u.order_id}">${u.order_id}</a>` : "–"}</p>
      ${u.holds.filter((h) => !h.lifted_at).map((h) => html`<div class="alarm"><span class="sym high">!</span><div><b>${h.kind}</b><p>${h.reason}</p></div><button data-act="release" data-id="${h.hold_id}" data-about="${h.reason}">${t("release")}</button></div>`)}</section>`.text;
  },
};
function chart(samples, band){
  if (samples.length < 2) return html`<p class="empty">–</p>`;
  const W = 900, H = 190, pad = 34, ts = samples.map((s) => s.t_ms), t0 = ts[0], t1 = ts.at(-1), low = Math.min(band?.low_c ?? 99, ...samples.map((s) => s.low))-0.5, high = Math.max(band?.high_c ?? -99, ...samples.map((s) => s.high))+0.5;
  const x = (ms) => pad+(W-pad-8)*(ms-t0)/Math.max(1, t1-t0), y = (v) => 8+(H-30)*(high-v)/(high-low), line = samples.map((s, i) => `${i ? "L" : "M"}${x(s.t_ms).toFixed(1)} ${y(s.mean).toFixed(1)}`).join("");
  const ticks = [low+0.5, (low+high)/2, high-0.5];
  return html`<svg class="chart" viewBox="0 0 ${W} ${H}" preserveAspectRatio="none" role="img" aria-label="${samples.at(-1).mean.toFixed(1)} °C">
    ${band ? html`<rect x="${pad}" y="${y(band.high_c)}" width="${W-pad-8}" height="${Math.max(0, y(band.low_c)-y(band.high_c))}" fill="var(--rack)" opacity=".45"/>` : ""}${ticks.map((v) => html`<text x="2" y="${y(v)+4}" font-size="11" fill="var(--dim)">${v.toFixed(1)}</text>`)}
    <path d="${line}" fill="none" stroke="var(--ink)" stroke-width="1.5" vector-effect="non-scaling-stroke"/><text x="${pad}" y="${H-6}" font-size="11" fill="var(--dim)">${clock(new Date(t0).toISOString())}</text><text x="${W-62}" y="${H-6}" font-size="11" fill="var(--dim)">${clock(new Date(t1).toISOString())}</text></svg>`;
}
