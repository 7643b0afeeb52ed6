// One carton: what it is, where it is, its holds, its story.
import {ask} from "../ask.js";
import {html} from "../html.js";
import {money, short, when} from "../format.js";
import {goodsLink, lotLink, orderLink, palletLink, placeLink} from "../links.js";
import {phrase} from "../say.js";
import {t, word} from "../words.js";
import {act, isForeign} from "../parts/acts.js";
import {box, facts} from "../parts/facts.js";
import {story} from "../parts/story.js";

function standing(unit) {
  return facts([
    [t("goods"), goodsLink(unit.goods_id)],
    [t("status"), html`<b>${word("status", unit.status)}</b>`],
    [t("place"), html`${placeLink(unit.place)}
      <span class="age">${t("since")} ${when(unit.place_at)}</span>`],
    [t("pallet"), palletLink(unit.sscc)],
    [t("order"), unit.order_id ? orderLink(unit.order_id) : "–"],
    [t("lot"), lotLink(unit.lot)],
    [t("expires"), unit.expires_on ?? "–"],
    [t("value"), money(unit.value)],
    [t("dutyOf"), money(unit.duty)],
    [t("identity"), html`<span class="mono wrap">${unit.unit}<br>${unit.epc_hex}</span>`],
  ]);
}

function hold(state, one) {
  const button = isForeign(one) ? html`<span class="dim">${t("customsOnly")}</span>`
    : act(state, "release", one.hold_id, t("aboutCarton", {unit: short(one.unit)}));
  return html`<article class="alarm" data-key="hold-${one.hold_id}"><span class="sym high" role="img"
    aria-label="${t("onHold")}">!</span><div class="told"><b>${word("hold", one.kind)}</b>
    <span class="age">${t("since")} ${when(one.since)}</span><p>${phrase(one.reason)}</p></div>
    <div class="acts">${button}</div></article>`;
}

export const unit = {
  every: 2,
  load: (state) => ask(`/api/units/${encodeURIComponent(state.argument)}`),
  title: (state) => `${t("unit")} ${short(state.data?.unit ?? state.argument)}`,

  draw(state) {
    const one = state.data;
    const open = one.holds.filter((row) => !row.lifted_at);
    const held = open.length ? box("holds", t("holds"), open.map((row) => hold(state, row))) : "";
    return html`<div class="side" data-key="left">
      ${box("story", t("story"), story([...one.story].reverse()))}</div>
      <div class="side" data-key="right">${held}${box("about", t("about"), standing(one))}</div>`;
  },
};
