// Panels that several views share; each returns escaped markup from a picture.
import {t, language, statusWord, whyWord, whoWord} from "./words.js";
import {html, age, clock, hm, when, money, short, placeWord} from "./html.js";

const SYMBOL = {critical:"!", high:"!", warning:"!"};
export const unitLink = (unit) => html`<a class="mono" href="#unit/${encodeURIComponent(unit)}">${short(unit)}</a>`;
export const alarmWords = (state, alarm) => state.plan.alarms[alarm.definition]?.[language()] ?? {title:alarm.definition, cause:alarm.cause, consequence:alarm.consequence, remedy:alarm.remedy};

export function kpis(picture){
  const f = picture.figures, part = f.guarantee_ceiling ? 100*f.duty_at_risk/f.guarantee_ceiling : 0, active = picture.alarms.filter((a) => !a.cleared_at).length;
  return html`<section class="kpis" aria-label="KPI"><div><dt>${t("inBond")}</dt><dd>${f.in_bond.toLocaleString("en-US")} <small>${t("units")}</small></dd></div>
  <div><dt>${t("duty")}</dt><dd>${money(f.duty_at_risk)} <small>${t("of")} ${money(f.guarantee_ceiling)}</small></dd><div class="bar" aria-hidden="true"><i data-part="${Math.min(100, part).toFixed(1)}"></i></div></div>
  <div><dt>${t("released")}</dt><dd>${f.released_waiting}</dd></div>
  <div><dt>${t("cutoff")}</dt><dd>${hm(f.next_cutoff_at)} <small>${f.open_orders} ${t("orders")}</small></dd></div>
  <div><dt>${t("held")}</dt><dd class="${f.held ? "high" : ""}">${f.held ? "▲ " : ""}${f.held} <small>${t("units")}</small></dd></div>
  <div><dt>${t("activeAlarms")}</dt><dd class="${active ? "high" : ""}">${active ? "▲ " : ""}${active}</dd></div></section>`;
}
export function alarm(state, one, full){
  const words = alarmWords(state, one), cleared = one.cleared_at;
  return html`<div class="alarm ${one.acknowledged_by ? "seen" : ""} ${cleared ? "cleared" : ""}"><span class="sym ${one.severity}" title="${one.severity}" role="img" aria-label="${one.severity}">${SYMBOL[one.severity] ?? "?"}</span><div><b>${words.title}</b> <span class="age">${t("since")} ${when(one.since)}</span>
  <p>${one.what}</p>${full ? html`<p>${t("cause")}: ${words.cause}</p><p>${t("consequence")}: ${words.consequence}</p>` : ""}<p>${t("remedy")}: ${words.remedy}</p>${one.acknowledged_by ? html`<p>${t("acked")} ${one.acknowledged_by} ${clock(one.acknowledged_at)}</p>` : ""}${cleared ? html`<p>${t("cleared")} ${clock(cleared)}</p>` : ""}</div>
  ${!one.acknowledged_by && !cleared ? html`<button data-act="ack" data-id="${one.alarm_id}" data-about="${words.title}" id="ack-${one.alarm_id}">${t("ack")}</button>` : html`<span></span>`}</div>`;
}
export function alarmList(state, picture, count){
  const active = picture.alarms.filter((a) => !a.cleared_at);
  return html`<h2>${t("alarms")} · ${active.length}</h2>${active.length ? active.slice(0, count).map((one) => alarm(state, one, false)) : html`<p class="empty">${t("noAlarms")}</p>`}`;
}
export function refusals(truck){
  return truck.refusal.length ? html`<p class="high">▲ ${t("refused")}</p>${truck.refusal.slice(0, 6).map((one) => html`<p>${whyWord(one)}${one.unit ? html` — ${unitLink(one.unit)}` : ""}<br><span class="dim">${t("who")}: ${whoWord(one.who)}</span></p>`)}` : "";
}
export function docks(state, picture){
  return html`<h2>${t("docks")}</h2>${state.plan.docks.map((dock) => { const truck = picture.trucks.find((one) => one.dock === dock.id && !["gone","expected"].includes(one.state));
    return html`<div class="dockbox"><b>${dock.id}</b><span class="tag ${truck?.state === "refused" ? "high" : ""}">${truck ? t("s_"+truck.state) : t("free")}</span>${truck ? html`<span class="dim">${truck.plate} · ${truck.carrier_id}</span><span class="dim">${truck.aboard_count} ${t("units")}</span>${dock.purpose === "outbound" ? refusals(truck) : ""}${truck.state === "refused" ? html`<button class="act" data-act="sendAway" data-id="${truck.truck_id}" data-about="${truck.plate}" id="away-${truck.truck_id}">${t("sendAway")}</button>` : ""}` : ""}</div>`; })}`;
}
export function climate(picture){
  return html`<h2>${t("climate")}</h2><div class="climate">${picture.climate.map((z) => html`<div class="zone ${z.is_out && !z.is_stale ? "bad" : ""} ${z.is_stale ? "stale" : ""}"><span class="age">${z.zone} · ${age(z.age_s)}${z.is_stale ? ` · ${t("stale")}` : ""}</span><br><b>${z.temperature_c === undefined ? "–" : z.temperature_c.toFixed(1)+" °C"}</b>${z.is_out && !z.is_stale ? html` <span class="bad">■</span>` : ""}${z.humidity_percent === undefined ? "" : ` · ${z.humidity_percent.toFixed(0)} %`}<br><span class="age">${t("band")} ${z.low_c}–${z.high_c} °C · ${z.fresh_count}/${z.probes_count} ${t("probes")}</span></div>`)}</div>`;
}
const STEPS = ["open","allocated","matched","declared","released","picking","staged","loading","gone"];
export function orderTable(picture, count){
  const orders = picture.orders.slice(0, count);
  return html`<div class="scroll"><table class="cards"><thead><tr><th>${t("order")}<th>${t("cutoff")}<th>${t("goods")}<th>${t("state")}<th>${t("blocked")}<th>${t("who")}</tr></thead><tbody>${orders.map((o) => { const at = Math.max(0, STEPS.indexOf(o.state === "loaded" ? "loading" : o.state === "closed" ? "gone" : o.state)), first = o.blocked_by[0];
    return html`<tr><td data-h="${t("order")}"><a class="mono" href="#search/${encodeURIComponent(o.order_id)}">${o.order_id}</a></td><td data-h="${t("cutoff")}">${hm(o.cutoff_at)}</td><td data-h="${t("goods")}">${o.lines.map((l) => `${l.cartons_count} × ${l.goods_id}`).join(", ")}</td><td data-h="${t("state")}">${t("o_"+o.state)}<div class="steps" aria-hidden="true">${STEPS.map((_, i) => html`<i class="${i <= at ? "on" : ""}"></i>`)}</div></td><td data-h="${t("blocked")}">${first ? whyWord(first) : "–"}</td><td data-h="${t("who")}">${first ? whoWord(first.who) : "–"}</td></tr>`; })}</tbody></table>${orders.length ? "" : html`<p class="empty">${t("empty")}</p>`}</div>`;
}
export function truckTable(picture){
  return html`<div class="scroll"><table class="cards"><thead><tr><th>${t("truck")}<th>${t("plate")}<th>${t("dock")}<th>${t("state")}<th class="n">${t("aboard")}<th>${t("blocked")}</tr></thead><tbody>${picture.trucks.map((one) => html`<tr><td data-h="${t("truck")}" class="mono">${one.truck_id}</td><td data-h="${t("plate")}">${one.plate}</td><td data-h="${t("dock")}">${one.dock}</td><td data-h="${t("state")}" class="${one.state === "refused" ? "high" : ""}">${one.state === "refused" ? "▲ " : ""}${t("s_"+one.state)}</td><td data-h="${t("aboard")}" class="n">${one.aboard_count}</td><td data-h="${t("blocked")}">${one.refusal.length ? html`${one.refusal[0].why} <span class="dim">(${one.refusal[0].who})</span>` : "–"} ${one.state === "refused" ? html`<button class="act" data-act="sendAway" data-id="${one.truck_id}" data-about="${one.plate}">${t("sendAway")}</button>` : ""}</td></tr>`)}</tbody></table></div>`;
}
export function eventTable(events){
  return html`<div class="scroll"><table class="cards"><thead><tr><th>${t("at")}<th>#<th>${t("what")}<th>${t("evidence")}</tr></thead><tbody>${events.map((e) => html`<tr><td data-h="${t("at")}">${when(e.at)}</td><td data-h="#" class="mono">${e.n}</td><td data-h="${t("what")}"><b>${e.kind}</b> <span class="dim mono">${brief(e.body)}</span></td><td data-h="${t("evidence")}" class="mono">${e.cause}</td></tr>`)}</tbody></table></div>`;
}
export function brief(body){
  const flat = {...body, ...(body.set ?? {})}; delete flat.set;
  return Object.entries(flat).filter(([, v]) => v !== null && typeof v !== "object").slice(0, 5).map(([k, v]) => `${k} ${short(String(v))}`).join(" · ").slice(0, 160);
}
export function placesTable(picture){
  return html`<details><summary>${t("table")}</summary><table class="cards"><thead><tr><th>${t("place")}<th class="n">${t("cartons")}<th class="n">${t("holds")}<th>${t("pallet")}</tr></thead><tbody>${picture.places.map((p) => html`<tr><td data-h="${t("place")}">${placeWord(p.place)}</td><td data-h="${t("cartons")}" class="n">${p.cartons_count}</td><td data-h="${t("holds")}" class="n">${p.holds_count}</td><td data-h="${t("pallet")}"><a class="mono" href="#search/${p.sscc}">${p.sscc}</a></td></tr>`)}</tbody></table></details>`;
}
export {statusWord};
