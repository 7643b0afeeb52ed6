// Search: one exact hit opens at once, else a list.
import {ask} from "../ask.js";
import {html} from "../html.js";
import {goodsLink, lotLink, orderLink, palletLink, placeLink, truckLink, unitLink} from "../links.js";
import {t, word} from "../words.js";

const LINK = {
  unit: unitLink, pallet: palletLink, order: orderLink, truck: truckLink, goods: goodsLink, lot: lotLink,
  place: placeLink,
};
const STATES = {
  unit: "status", pallet: "palletState", order: "orderState", truck: "truckState", place: "placeKind",
};

// Where an exact hit leads: the id's own page.
export const pageOf = (hit) => `#${hit.kind}/${encodeURIComponent(hit.id)}`;

function more(hit) {
  if (hit.kind === "unit" || hit.kind === "pallet") return placeLink(hit.place);
  if (hit.kind === "goods") return word("zone", hit.place);
  if (hit.kind === "lot") return goodsLink(hit.place);
  if (hit.kind === "place") return word(hit.state === "location" ? "zone" : "purpose", hit.place);
  return hit.place;
}

function row(hit) {
  const state = STATES[hit.kind] ? word(STATES[hit.kind], hit.state) : "–";
  return html`<tr data-key="${hit.kind}-${hit.id}"><td data-h="${t("kind")}">${t(hit.kind)}</td>
    <td data-h="${t("what")}">${LINK[hit.kind](hit.id)}</td><td data-h="${t("state")}">${state}</td>
    <td data-h="${t("more")}">${more(hit)}</td></tr>`;
}

export const search = {
  async load(state) {
    if (state.isLost) return {isLost: true};
    const found = (await ask(`/api/search?${new URLSearchParams({q: state.argument})}`)).found;
    const exact = found.filter((one) => one.is_exact);
    if (exact.length === 1) location.replace(pageOf(exact[0]));
    return {found};
  },

  title: (state) => t("resultsFor", {text: state.argument}),

  draw(state) {
    if (state.data?.isLost || state.failed?.status === 0) {
      return html`<section class="wide"><p class="bad" role="alert">■ ${t("searchLost")}</p></section>`;
    }
    const found = state.data?.found;
    if (!found) return html`<section class="wide"><p class="empty">${t("searching")}</p></section>`;
    if (!found.length) return html`<section class="wide"><p class="empty">${t("none")}</p>
      <p class="dim">${t("searchHint")}</p></section>`;
    return html`<section class="wide"><table class="cards"><thead><tr><th>${t("kind")}</th>
      <th>${t("what")}</th>
      <th>${t("state")}</th><th>${t("more")}</th></tr></thead><tbody>${found.map(row)}</tbody></table>
      </section>`;
  },
};
