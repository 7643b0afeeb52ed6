// The overview: figures, floor map, alarms, docks, climate, the next orders.
import {FloorMap} from "../floor.js";
import {html} from "../html.js";
import {t} from "../words.js";
import {alarmList} from "../parts/alarms.js";
import {climate} from "../parts/climate.js";
import {docks} from "../parts/docks.js";
import {ENDED, orderTable} from "../parts/orders.js";
import {kpis} from "../parts/kpis.js";
import {placesTable} from "../parts/places.js";

const LEGEND = [
  "empty", "bond", "sold", "released", "held", "vehicleEmpty", "vehicleLoaded", "vehicleLost", "refused",
];
const ORDERS_COUNT = 8;

function legend() {
  return html`<div class="legend">${LEGEND.map((name) => html`<span><i class="l-${name}"></i>
    ${t(`legend.${name}`)}</span>`)}</div>`;
}

let map = null;

export const overview = {
  isQuiet: true,

  draw(state) {
    const {picture} = state;
    const open = picture.orders.filter((one) => !ENDED.has(one.state));
    return html`${kpis(picture)}
      <section id="floorbox"><h2 tabindex="-1">${t("floor")}</h2>
        <div class="floorwrap"><canvas id="floor" data-keep role="img" 
        aria-label="${t("floorAbout")}"></canvas>
        <div id="tip" data-keep hidden></div></div>${legend()}${placesTable(picture)}</section>
      <div class="side" data-key="side">${alarmList(state, 5)}${docks(state)}${climate(picture)}</div>
      <section class="wide" id="orders"><h2 tabindex="-1">${t("nextOrders")}</h2>
        ${orderTable(open.slice(0, ORDERS_COUNT), picture)}
        ${open.length > ORDERS_COUNT ? html`<p>
        <a href="#dispatch">${t("allOrders", {count: open.length})}</a></p>` : ""}
      </section>`;
  },

  after(state) {
    const canvas = document.getElementById("floor");
    if (map?.canvas !== canvas) {
      map?.stop();
      map = new FloorMap(canvas, document.getElementById("tip"), state.plan);
    }
    map.show(state.picture);
  },

  leave() {
    map?.stop();
    map = null;
  },
};
