// Orders as rows: cut-off with the time left, what is in them, how far they are, what blocks them.
import {html, joined} from "../html.js";
import {left, minute} from "../format.js";
import {goodsLink, orderLink, truckLink} from "../links.js";
import {splitUnit} from "../phrases.js";
import {refusalList, who, why} from "../say.js";
import {t, word} from "../words.js";
import {cell} from "./cell.js";

const STEPS = [
  "open", "allocated", "matched", "declared", "released", "picking", "staged", "loading", "gone",
];
const AS = {loaded: "loading", closed: "gone"};
export const ENDED = new Set(["gone", "closed", "cancelled", "refused"]);

export function steps(order) {
  const at = Math.max(0, STEPS.indexOf(AS[order.state] ?? order.state));
  return html`<svg class="steps" viewBox="0 0 90 5" preserveAspectRatio="none" aria-hidden="true">
    ${STEPS.map((_, i) => html`<rect x="${i * 10}" width="8.4" height="5"
    class="${i <= at ? "on" : ""}"/>`)}</svg>`;
}

export const lines = (order) => {
  return joined(order.lines.map((one) => html`${one.cartons_count} × ${goodsLink(one.goods_id)}`));
};

// What the gate says of the truck stands as it does at the dock: each carton once.
function causes(rows) {
  const gate = rows.filter((row) => row.rule === "gate").map((row) => {
    return {...splitUnit(row.what.replace(/^gate: /, "")), who: ""};
  });
  const others = rows.filter((row) => row.rule !== "gate");
  return html`${others.map((row) => html`<div>${why(row)}</div>`)}${refusalList(gate)}`;
}

function row(order, picture) {
  const ended = ENDED.has(order.state);
  const blocked = order.blocked_by;
  const about = [
    html`<td data-h="${t("order")}">${orderLink(order.order_id)}</td>`,
    html`<td data-h="${t("cutoffOf")}">${minute(order.cutoff_at)}
      ${ended ? "" : left(order.cutoff_at, picture.at)}</td>`,
    html`<td data-h="${t("goods")}">${lines(order)}</td>`,
    html`<td data-h="${t("state")}">${word("orderState", order.state)}${ended ? "" : steps(order)}</td>`,
    cell(t("truck"), order.truck_id && truckLink(order.truck_id)),
    cell(t("blocked"), blocked.length ? causes(blocked) : null),
    cell(t("who"), blocked.length ? who(blocked[0]) : null),
  ];
  return html`<tr data-key="order-${order.order_id}">${about}</tr>`;
}

export function orderTable(orders, picture) {
  if (!orders.length) return html`<p class="empty">${t("noOrders")}</p>`;
  return html`<table class="cards"><thead><tr><th>${t("order")}</th><th>${t("cutoffOf")}</th>
    <th>${t("goods")}</th><th>${t("state")}</th><th>${t("truck")}</th><th>${t("blocked")}</th>
    <th>${t("who")}</th></tr></thead><tbody>${orders.map((one) => row(one, picture))}</tbody></table>`;
}
