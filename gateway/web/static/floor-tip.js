// What stands at a place of the map, in words; its link opens the place.
import {html} from "./html.js";
import {goodsName, loadLink, palletLink, placeLink} from "./links.js";
import {patch} from "./patch.js";
import {t, word} from "./words.js";
import {truckAt} from "./parts/docks.js";
import {placeState} from "./parts/places.js";

function vehicle(one) {
  const load = one.loads.length ? one.loads.map((id) => loadLink(id)) : t("noLoad");
  const battery = one.battery_percent === null ? "" : ` · ${Math.round(one.battery_percent)} %`;
  return html`<b>${one.serial}</b><br>${one.is_online ? "" : `■ ${t("lost")} · `}${load}${battery}`;
}

function place(found, picture) {
  const name = `${found.kind}:${found.one.id}`;
  const here = picture.places.find((one) => one.place === name);
  const zone = found.one.zone ? ` · ${word("zone", found.one.zone)}` : "";
  const truck = found.kind === "dock" ? truckAt(picture, found.one.id) : null;
  return html`<b>${placeLink(name)}</b>${zone}<br>${placeState(here)}
    ${here ? html`<br>${goodsName(here.goods_id)}<br>${t("pallet")} ${palletLink(here.sscc)}` : ""}
    ${truck ? html`<br>${truck.plate} · ${word("truckState", truck.state)}` : ""}`;
}

export function tell(tip, found, picture) {
  patch(tip, found.kind === "vehicle" ? vehicle(found.one) : place(found, picture));
}
