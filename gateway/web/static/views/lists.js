// Lists of cartons: of a goods, a lot, or a place.
import {ask} from "../ask.js";
import {html} from "../html.js";
import {goodsLink, goodsName, palletLink, truckLink} from "../links.js";
import {t, word} from "../words.js";
import {cartonTable} from "../parts/cartons.js";
import {gateShut, truckAt} from "../parts/docks.js";
import {sendAway} from "../parts/acts.js";
import {placeState} from "../parts/places.js";

const load = (by, value) => async (state) => {
  const query = new URLSearchParams({by, value: value(state)});
  return (await ask(`/api/cartons?${query}`)).cartons;
};

function list(state, hide, more = "") {
  const cartons = state.data ?? [];
  const here = cartons.filter((one) => one.place !== "gone");
  const gone = cartons.filter((one) => one.place === "gone");
  return html`<section class="wide" id="list">${more}<h2 tabindex="-1">${t("cartons")} · ${here.length}</h2>
    ${cartonTable(here, hide)}
    ${gone.length ? html`<details data-key="gone"><summary>${t("leftStock", {count: gone.length})}</summary>
    ${cartonTable(gone, hide)}</details>` : ""}</section>`;
}

export const goods = {
  every: 3,
  load: load("goods_id", (state) => state.argument),
  title: (state) => goodsName(state.argument),
  draw: (state) => list(state, ["goods"]),
};

export const lot = {
  every: 3,
  load: load("lot", (state) => state.argument),
  title: (state) => `${t("lot")} ${state.argument}`,
  draw: (state) => list(state, ["lot"]),
};

const whole = (name) => (name.includes(":") ? name : `location:${name}`);

function about(state) {
  const name = whole(state.argument);
  const here = state.picture.places.find((one) => one.place === name);
  const truck = name.startsWith("dock:") ? truckAt(state.picture, name.slice(5)) : null;
  const stands = truck ? html`<p>
    ${truckLink(truck.truck_id, truck.plate)} · ${word("truckState", truck.state)}</p>
    ${gateShut(truck)}${sendAway(state, truck)}` : "";
  const pallet = here ? html`<p>${placeState(here)} · ${t("pallet")} ${palletLink(here.sscc)} ·
    ${goodsLink(here.goods_id)}</p>` : "";
  return html`${stands}${pallet}`;
}

function titled(name) {
  const [kind, id] = name.split(":");
  return `${word("placeKind", kind)} ${id}`;
}

export const place = {
  every: 3,
  load: load("place", (state) => whole(state.argument)),
  title: (state) => titled(whole(state.argument)),
  draw: (state) => list(state, ["place"], about(state)),
};
