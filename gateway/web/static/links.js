// Every id on the page leads to its page.
import {html} from "./html.js";
import {short} from "./format.js";
import {language, t, word} from "./words.js";

let goods = {};
let alarms = {};
export const learnGoods = (rows) => { goods = rows ?? {}; };
export const learnAlarms = (rows) => { alarms = rows ?? {}; };
export const alarmTitle = (id) => alarms[id]?.[language()]?.title ?? id;

export function goodsName(id) {
  const row = goods[id];
  return row ? (language() === "zh" ? row.name_zh : row.name_en) : id;
}

const to = (kind, id, text) => {
  return html`<a class="mono" href="#${kind}/${encodeURIComponent(id)}">${text}</a>`;
};

export const unitLink = (id) => to("unit", id, short(id));
export const orderLink = (id) => to("order", id, id);
export const truckLink = (id, text) => to("truck", id, text ?? id);
export const palletLink = (id) => to("pallet", id, id);

export function goodsLink(id) {
  return html`<a href="#goods/${encodeURIComponent(id)}">${goodsName(id)}</a>`;
}

export const lotLink = (id) => (id ? to("lot", id, id) : html`–`);

// A place is a rack, a dock, a staging lane, a vehicle, a truck, or one of two words.
export function placeLink(place) {
  if (!place) return html`–`;
  const [kind, name] = [place.split(":")[0], place.slice(place.indexOf(":") + 1)];
  if (kind === "truck") return html`${t("aboard")} ${truckLink(name)}`;
  if (!place.includes(":")) return html`${word("place", place)}`;
  if (kind === "vehicle") return html`${t("aVehicle")} <span class="mono">${name}</span>`;
  return to("place", place, name);
}

// What a task carries: a pallet by its 18 digits, or a carton.
export const loadLink = (id) => (/^\d{18}$/.test(id) ? palletLink(id) : unitLink(id));
