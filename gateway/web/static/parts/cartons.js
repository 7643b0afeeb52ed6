// A list of cartons, as every page that has one shows it.
import {html} from "../html.js";
import {goodsLink, lotLink, orderLink, palletLink, placeLink, unitLink} from "../links.js";
import {t, word} from "../words.js";
import {cell} from "./cell.js";

const held = () => html`<span class="high">▲ ${t("onHold")}</span>`;

function row(one, hide) {
  const cells = {
    unit: html`<td data-h="${t("unit")}">${unitLink(one.unit)}</td>`,
    goods: html`<td data-h="${t("goods")}">${goodsLink(one.goods_id)}</td>`,
    status: html`<td data-h="${t("status")}">${word("status", one.status)}</td>`,
    place: html`<td data-h="${t("place")}">${placeLink(one.place)}</td>`,
    pallet: html`<td data-h="${t("pallet")}">${palletLink(one.sscc)}</td>`,
    order: cell(t("order"), one.order_id && orderLink(one.order_id)),
    lot: html`<td data-h="${t("lot")}">${lotLink(one.lot)}</td>`,
    holds: cell(t("onHold"), one.holds_count ? held() : null),
  };
  const shown = Object.entries(cells).filter(([name]) => !hide.includes(name)).map(([, cell]) => cell);
  return html`<tr data-key="carton-${one.unit}">${shown}</tr>`;
}

const HEADS = {
  unit: "unit", goods: "goods", status: "status", place: "place", pallet: "pallet", order: "order",
  lot: "lot", holds: "onHold",
};

export function cartonTable(cartons, hide = []) {
  if (!cartons.length) return html`<p class="empty">${t("noCartons")}</p>`;
  const heads = Object.entries(HEADS).filter(([name]) => !hide.includes(name));
  return html`<table class="cards"><thead><tr>${heads.map(([, key]) => html`<th>${t(key)}</th>`)}</tr></thead>
    <tbody>${cartons.map((one) => row(one, hide))}</tbody></table>`;
}
