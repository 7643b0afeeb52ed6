// One truck: papers, manifest, weights, why the gate stays shut, history.
import {ask} from "../ask.js";
import {html, joined} from "../html.js";
import {mass, when} from "../format.js";
import {orderLink, placeLink} from "../links.js";
import {t, word} from "../words.js";
import {refusalList} from "../say.js";
import {sendAway} from "../parts/acts.js";
import {cartonTable} from "../parts/cartons.js";
import {box, facts} from "../parts/facts.js";
import {story} from "../parts/story.js";

const cartons = (list) => t("cartonsCount", {count: list.length});

function standing(truck) {
  const gone = truck.state === "gone";
  return facts([
    [t("plate"), html`<b>${truck.plate}</b>`],
    [t("seenPlate"), truck.seen_plate ?? "–"],
    [t("carrier"), truck.carrier_id],
    [t("purpose"), word("purpose", truck.purpose)],
    [t("dock"), placeLink(`dock:${truck.dock}`)],
    [t("state"), html`${word("truckState", truck.state)}
      <span class="age">${t("since")} ${when(truck.changed_at)}</span>`],
    [t("expectedAt"), when(truck.arrives_at)],
    gone && truck.purpose === "outbound" ? [t("departed"), cartons(truck.departed)] : null,
    truck.orders.length ? [t("orders"), joined(truck.orders.map((one) => orderLink(one.order_id)))] : null,
  ]);
}

function weights(truck) {
  const paper = truck.passports.find((one) => !["void", "deleted"].includes(one.state));
  const wanted = paper ? paper.total_mass_g : truck.tare_g;
  const off = truck.weighed_mass_g === null ? null : truck.weighed_mass_g - wanted;
  return facts([
    [t("tare"), mass(truck.tare_g)],
    [t("expectedMass"), mass(wanted)],
    [t("weighedMass"), mass(truck.weighed_mass_g)],
    off === null ? null : [t("difference"), `${off > 0 ? "+" : ""}${mass(off)}`],
  ]);
}

function passports(truck) {
  if (!truck.passports.length) return html`<p class="empty">${t("noPassport")}</p>`;
  return truck.passports.map((one) => html`<p><span class="mono">${one.passport_id}</span> ·
    ${word("passportState", one.state)} · ${cartons(one.units)} ·
    ${mass(one.total_mass_g)}
    <span class="age">${when(one.changed_at)}</span></p>`);
}

function refusal(state, truck) {
  const away = truck.sent_away;
  const told = away ? html`<p>${t("sentAwayBy", {by: away.by})} ${when(away.at)}${away.reason
    ? html` — ${t("reason")}: ${away.reason}` : ""}</p>` : "";
  if (!truck.refusal.length) return html`${told}<p class="dim">${t("gateNothing")}</p>`;
  return html`${told}${refusalList(truck.refusal)}${sendAway(state, truck)}`;
}

export const truck = {
  every: 2,
  load: (state) => ask(`/api/trucks/${encodeURIComponent(state.argument)}`),
  title: (state) => `${t("truck")} ${state.argument}`,

  draw(state) {
    const one = state.data;
    const outbound = one.purpose === "outbound";
    return html`<div class="side" data-key="left">${box("about", t("about"), standing(one))}
      ${outbound ? box("gate", t("gateShut"), refusal(state, one)) : ""}
      ${outbound ? box("papers", t("passport"), passports(one)) : ""}
      ${outbound ? box("manifest", t("manifest"), cartonTable(one.manifest, ["lot"])) : ""}
      ${box("story", t("history"), story([...one.story].reverse()))}</div>
      <div class="side" data-key="right">${outbound ? box("weights", t("weights"), weights(one)) : ""}
      ${outbound ? box("aboard", `${t("aboard")} · ${one.aboard.length}`,
    cartonTable(one.aboard, ["place", "pallet", "lot", "order"])) : ""}</div>`;
  },
};
