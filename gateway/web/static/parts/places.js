// The floor as a table: what the map shows, for keyboards and screen readers.
import {html} from "../html.js";
import {goodsLink, palletLink, placeLink} from "../links.js";
import {t} from "../words.js";

// How far the cartons of a place are; a place is held when any of them is.
export function placeState(place) {
  if (!place) return t("legend.empty");
  const parts = [];
  const bond = place.cartons_count - place.sold_count - place.released_count;
  if (bond > 0) parts.push(t("countBond", {count: bond}));
  if (place.sold_count > 0) parts.push(t("countSold", {count: place.sold_count}));
  if (place.released_count > 0) parts.push(t("countReleased", {count: place.released_count}));
  if (place.held_count > 0) parts.push(t("countHeld", {count: place.held_count}));
  return parts.join(" · ");
}

export function placesTable(picture) {
  return html`<details data-key="places"><summary>${t("asTable")}</summary>
    <table class="cards"><thead><tr><th>${t("place")}</th><th class="n">${t("cartons")}</th>
    <th>${t("state")}</th><th>${t("goods")}</th><th>${t("pallet")}</th></tr></thead>
    <tbody>${picture.places.map((one) => html`<tr data-key="place-${one.place}">
      <td data-h="${t("place")}">${placeLink(one.place)}</td>
      <td data-h="${t("cartons")}" class="n">${one.cartons_count}</td>
      <td data-h="${t("state")}" class="${one.held_count ? "high" : ""}">${placeState(one)}</td>
      <td data-h="${t("goods")}">${goodsLink(one.goods_id)}</td>
      <td data-h="${t("pallet")}">${palletLink(one.sscc)}</td></tr>`)}</tbody></table></details>`;
}
