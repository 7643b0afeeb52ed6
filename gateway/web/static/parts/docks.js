// The docks: which truck stands there, what is on it, and why the gate stays shut.
import {html} from "../html.js";
import {truckLink} from "../links.js";
import {refusalList} from "../say.js";
import {t, word} from "../words.js";
import {sendAway} from "./acts.js";

const AWAY = new Set(["gone", "expected"]);

export function truckAt(picture, dock) {
  return picture.trucks.find((one) => one.dock === dock && !AWAY.has(one.state));
}

export function gateShut(truck) {
  if (!truck.refusal.length) return "";
  const title = truck.state === "refused" ? t("refused") : t("gateWaits");
  const mark = truck.state === "refused" ? "high" : "dim";
  return html`<p class="${mark}">${truck.state === "refused" ? "▲ " : ""}${title}</p>
    ${refusalList(truck.refusal)}`;
}

function box(state, dock) {
  const truck = truckAt(state.picture, dock.id);
  const bad = truck?.state === "refused" ? "high" : "";
  const sign = truck ? word("truckState", truck.state) : t("free");
  return html`<div class="dockbox ${bad ? "bad" : ""}" data-key="dock-${dock.id}">
    <b><a href="#place/dock%3A${dock.id}">${dock.id}</a>
    <span class="dim">${word("purpose", dock.purpose)}</span></b>
    <span class="tag ${bad}">${bad ? "▲ " : ""}${sign}</span>
    ${truck ? standing(state, truck) : ""}</div>`;
}

function standing(state, truck) {
  const aboard = truck.purpose === "outbound"
    ? html`<span class="dim">${t("aboardCount", {count: truck.aboard_count})}</span>` : html`<span></span>`;
  return html`<span>${truckLink(truck.truck_id, truck.plate)}
      <span class="dim">${truck.carrier_id}</span></span>${aboard}
    <div class="rest">${gateShut(truck)}${sendAway(state, truck)}</div>`;
}

export function docks(state) {
  return html`<section id="docks"><h2 tabindex="-1">${t("docks")}</h2>
    <div class="dockgrid">${state.plan.docks.map((dock) => box(state, dock))}</div></section>`;
}
