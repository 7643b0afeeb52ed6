// Stock: what is in bond, apart from what is on its way and what has left; holds; putaway.
import {html} from "../html.js";
import {clock} from "../format.js";
import {goodsLink, goodsName, palletLink, placeLink} from "../links.js";
import {t, word} from "../words.js";
import {field, isMatch, select} from "../parts/filters.js";
import {holds} from "../parts/holds.js";

const EXPECTED = new Set(["ADVISED"]);
const LEFT = new Set(["GATED_OUT", "DEDUCTED", "WRITTEN_OFF"]);
const WAITING = new Set(["RELEASED", "PASSPORT_BOUND", "PASSPORT_APPROVED"]);

const total = (rows) => rows.reduce((sum, one) => sum + one.cartons_count, 0);

function table(rows) {
  if (!rows.length) return html`<p class="empty">${t("nothingHere")}</p>`;
  return html`<table class="cards"><thead><tr><th>${t("goods")}</th><th>${t("zone")}</th>
    <th>${t("status")}</th>
    <th class="n">${t("cartons")}</th></tr></thead><tbody>${rows.map((one) => html`<tr
    data-key="${one.goods_id}-${one.status}"><td data-h="${t("goods")}">${goodsLink(one.goods_id)}</td>
    <td data-h="${t("zone")}">${word("zone", one.zone)}</td>
    <td data-h="${t("status")}">${word("status", one.status)}</td>
    <td data-h="${t("cartons")}" class="n">${one.cartons_count}</td></tr>`)}</tbody>
    <tfoot><tr><th colspan="3">${t("total")}</th><td class="n">${total(rows)}</td></tr></tfoot></table>`;
}

function filters(state, rows) {
  const statuses = [...new Set(rows.map((one) => one.status))];
  const zones = state.plan.zones.map((one) => [one, word("zone", one)]);
  return html`<div class="filters">${field(state, "stockText", t("filterText"))}
    ${select(state, "stockStatus", t("anyStatus"), statuses.map((one) => [one, word("status", one)]))}
    ${select(state, "stockZone", t("anyZone"), zones)}</div>`;
}

function wanted(state, one) {
  const {stockText, stockStatus, stockZone} = state.filters;
  return (!stockStatus || one.status === stockStatus) && (!stockZone || one.zone === stockZone)
    && isMatch(stockText, one.goods_id, one.name_en, one.name_zh, goodsName(one.goods_id));
}

function decision(one) {
  const terms = Object.entries(one.terms).map(([name, value]) => {
    return html`<li>${word("term", name)}: ${typeof value === "number" ? value.toFixed(2) : value}</li>`;
  });
  const place = one.location ? placeLink(`location:${one.location}`) : t("noPlace");
  return html`<details data-key="${one.decision_id}"><summary>${clock(one.at)} · ${one.sscc} →
    ${one.location ?? t("noPlace")}</summary><p>${t("pallet")} ${palletLink(one.sscc)} → ${place} ·
    ${t("score", {score: one.score?.toFixed(2) ?? "–"})}</p><ul>${terms}</ul>
    <p class="dim">${t("rejectedPlaces")}</p><ul class="dim">${one.rejected.slice(0, 20).map((row) => html`<li
    lang="en">${row.location}: ${row.why}</li>`)}</ul></details>`;
}

export const stock = {
  draw(state) {
    const {picture} = state;
    const rows = picture.stock.filter((one) => wanted(state, one));
    const bond = rows.filter((one) => !LEFT.has(one.status) && !EXPECTED.has(one.status));
    const waiting = bond.filter((one) => WAITING.has(one.status));
    const expected = rows.filter((one) => EXPECTED.has(one.status));
    const gone = rows.filter((one) => LEFT.has(one.status));
    return html`<section id="stock"><h2 tabindex="-1">${t("inBondTitle")} · ${total(bond)}</h2>
        ${filters(state, picture.stock)}
        <p class="dim" title="${t("tip.released")}">${t("ofThemReleased", {count: total(waiting)})}</p>
        ${table(bond)}
        <details data-key="expected"><summary>${t("expectedStock", {count: total(expected)})}</summary>
        ${table(expected)}</details>
        <details data-key="left"><summary>${t("leftStock", {count: total(gone)})}</summary>
        ${table(gone)}</details>
      </section>
      <div class="side" data-key="side">${holds(state, picture.held)}
      <section id="decisions"><h2 tabindex="-1">${t("decisions")}</h2>${picture.decisions.map(decision)}
      ${picture.decisions.length ? "" : html`<p class="empty">${t("nothingHere")}</p>`}</section></div>`;
  },
};
