// One pallet: weights, place, cartons, holds, history.
import {ask} from "../ask.js";
import {html} from "../html.js";
import {mass, when} from "../format.js";
import {placeLink} from "../links.js";
import {t, word} from "../words.js";
import {cartonTable} from "../parts/cartons.js";
import {box, facts} from "../parts/facts.js";
import {holds} from "../parts/holds.js";
import {story} from "../parts/story.js";

function standing(pallet) {
  const off = pallet.weighed_mass_g === null ? null : pallet.weighed_mass_g - pallet.gross_mass_g;
  return facts([
    [t("place"), placeLink(pallet.place)],
    [t("state"), html`<b>${word("palletState", pallet.state)}</b>
      <span class="age">${when(pallet.changed_at)}</span>`],
    [t("noticedMass"), mass(pallet.gross_mass_g)],
    [t("weighedMass"), mass(pallet.weighed_mass_g)],
    off === null ? null : [t("difference"), `${off > 0 ? "+" : ""}${mass(off)}`],
    [t("notice"), html`<span class="mono">${pallet.notice_id}</span>`],
    [t("owner"), pallet.notice?.owner_id ?? "–"],
  ]);
}

export const pallet = {
  every: 2,
  load: (state) => ask(`/api/pallets/${encodeURIComponent(state.argument)}`),
  title: (state) => `${t("pallet")} ${state.argument}`,

  draw(state) {
    const one = state.data;
    const held = state.picture.held.filter((row) => row.sscc === one.sscc);
    return html`<div class="side" data-key="left">${box("about", t("about"), standing(one))}
      ${held.length ? holds(state, held) : ""}
      ${box("cartons", `${t("cartons")} · ${one.cartons.length}`, cartonTable(one.cartons, ["pallet"]))}</div>
      <div class="side" data-key="right">
      ${box("story", t("history"), story([...one.story].reverse()))}</div>`;
  },
};
