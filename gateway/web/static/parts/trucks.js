// Trucks as rows: here, expected, or gone with how many cartons.
import {html} from "../html.js";
import {when} from "../format.js";
import {placeLink, truckLink} from "../links.js";
import {refusalList} from "../say.js";
import {t, word} from "../words.js";
import {sendAway} from "./acts.js";
import {cell} from "./cell.js";

const why = (state, truck) => html`${refusalList(truck.refusal)} ${sendAway(state, truck)}`;

function row(state, truck) {
  const gone = truck.state === "gone";
  const bad = truck.state === "refused";
  const outbound = truck.purpose === "outbound";
  const cartons = gone ? truck.departed_count : truck.aboard_count;
  return html`<tr data-key="truck-${truck.truck_id}">
    <td data-h="${t("truck")}">${truckLink(truck.truck_id)}</td>
    <td data-h="${t("plate")}">${truck.plate}</td>
    <td data-h="${t("purpose")}">${word("purpose", truck.purpose)}</td>
    <td data-h="${t("dock")}">${placeLink(`dock:${truck.dock}`)}</td>
    <td data-h="${t("state")}" class="${bad ? "high" : ""}">
    ${bad ? "▲ " : ""}${word("truckState", truck.state)}
      ${gone ? when(truck.changed_at) : ""}</td>
    <td data-h="${gone ? t("departed") : t("aboard")}" class="n">${outbound ? cartons : "–"}</td>
    ${cell(t("gateShut"), truck.refusal.length ? why(state, truck) : null)}</tr>`;
}

export function truckTable(state, trucks, isGone) {
  if (!trucks.length) return html`<p class="empty">${t("noTrucks")}</p>`;
  return html`<table class="cards"><thead><tr><th>${t("truck")}</th><th>${t("plate")}</th>
    <th>${t("purpose")}</th><th>${t("dock")}</th><th>${t("state")}</th>
    <th class="n">${isGone ? t("departed") : t("aboard")}</th><th>${t("gateShut")}</th></tr></thead>
    <tbody>${trucks.map((one) => row(state, one))}</tbody></table>`;
}
