// One order: lines, the buyer's papers, cartons, truck, what blocks it, history.
import {ask} from "../ask.js";
import {html} from "../html.js";
import {left, mass, money, when} from "../format.js";
import {truckLink} from "../links.js";
import {t, word} from "../words.js";
import {who, why} from "../say.js";
import {cartonTable} from "../parts/cartons.js";
import {box, facts} from "../parts/facts.js";
import {ENDED, lines, steps} from "../parts/orders.js";
import {story} from "../parts/story.js";

function standing(state, order) {
  const ended = ENDED.has(order.state);
  return facts([
    [t("goods"), lines(order)],
    [t("state"), html`<b>${word("orderState", order.state)}</b> ${ended ? "" : steps(order)}`],
    [t("cutoffOf"), html`${when(order.cutoff_at)} ${ended ? "" : left(order.cutoff_at, state.picture.at)}`],
    [t("amount"), money(order.amount)],
    [t("merchant"), order.merchant_id],
    [t("carrier"), order.carrier_id],
    [t("orderedAt"), when(order.ordered_at)],
    [t("truck"), order.truck ? html`${truckLink(order.truck.truck_id, order.truck.plate)} ·
      ${word("truckState", order.truck.state)}` : "–"],
  ]);
}

function declared(one) {
  return one.is_closed ? t("paperClosed") : one.is_released ? t("paperReleased") : t("paperSent");
}

const PAPERS = {
  payment: (one) => html`<span class="mono">${one.payment_id}</span> · ${money(one.amount)}`,
  waybill: (one) => html`<span class="mono">${one.waybill_id}</span> · ${one.carrier_id} ·
    ${t("packages", {count: one.packages_count})} · ${mass(one.gross_mass_g)}`,
  declaration: (one) => html`<span class="mono">${one.declaration_id}</span> · ${declared(one)}
    ${one.code ? t("receiptOf", {code: one.code}) : ""}`,
};

function papers(order) {
  return facts(Object.entries(PAPERS).map(([kind, tell]) => {
    const rows = order.papers[kind];
    const none = html`<span class="high">▲ ${t("paperMissing")}</span>`;
    return [word("document", kind), rows.length ? rows.map((one) => html`<div>✓ ${tell(one)}</div>`) : none];
  }));
}

function blocked(order) {
  if (!order.blocked_by.length) return html`<p class="dim">${t("notBlocked")}</p>`;
  return html`<ul class="why">${order.blocked_by.map((row) => html`<li>${why(row)} —
    <span class="dim">${t("who")}: ${who(row)}</span></li>`)}</ul>`;
}

export const order = {
  every: 2,
  load: (state) => ask(`/api/orders/${encodeURIComponent(state.argument)}`),
  title: (state) => `${t("order")} ${state.argument}`,

  draw(state) {
    const one = state.data;
    return html`<div class="side" data-key="left">${box("about", t("about"), standing(state, one))}
      ${box("blocked", t("blocked"), blocked(one))}
      ${box("cartons", `${t("cartons")} · ${one.cartons.length}`, cartonTable(one.cartons, ["order", "lot"]))}
      ${box("story", t("history"), story([...one.story].reverse()))}</div>
      <div class="side" data-key="right">${box("papers", t("papers"), papers(one))}</div>`;
  },
};
