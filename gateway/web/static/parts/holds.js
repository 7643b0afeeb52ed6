// Holds by pallet: one row and one button for all its cartons.
import {html} from "../html.js";
import {when} from "../format.js";
import {goodsLink, palletLink, placeLink} from "../links.js";
import {partsOf} from "../phrases.js";
import {phrase} from "../say.js";
import {t, word} from "../words.js";
import {releaseHolds} from "./acts.js";

function hold(state, one) {
  return html`<article class="alarm" data-key="hold-${one.sscc}-${one.kind}-${one.reason}">
    <span class="sym high" role="img" aria-label="${t("onHold")}">!</span>
    <div class="told"><b>${word("hold", one.kind)}</b> · ${t("pallet")} ${palletLink(one.sscc)} ·
      ${t("cartonsCount", {count: one.cartons_count})}
      <span class="age">${t("since")} ${when(one.since)}</span>
      <p>${goodsLink(one.goods_id)} · ${placeLink(one.place)}</p>
      <ul class="why">${partsOf(one.reason).map((part) => html`<li>${phrase(part)}</li>`)}</ul></div>
    <div class="acts">${releaseHolds(state, one)}</div></article>`;
}

export function holds(state, rows) {
  const cartons = rows.reduce((sum, one) => sum + one.cartons_count, 0);
  return html`<section id="holds">
    <h2 tabindex="-1">${t("holds")} · ${t("cartonsCount", {count: cartons})}</h2>
    ${rows.map((one) => hold(state, one))}
    ${rows.length ? "" : html`<p class="empty">${t("noHolds")}</p>`}</section>`;
}
