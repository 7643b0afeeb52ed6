// Dispatch: what is blocked and the docks, open orders by cut-off, trucks, vehicle tasks.
import {html} from "../html.js";
import {loadLink, placeLink} from "../links.js";
import {t, word} from "../words.js";
import {docks} from "../parts/docks.js";
import {ENDED, orderTable} from "../parts/orders.js";
import {truckTable} from "../parts/trucks.js";

const WAITS = new Set(["picking", "loading", "truck"]);
const isStuck = (order) => order.blocked_by.some((one) => !WAITS.has(one.rule));

function blocked(picture) {
  const stuck = picture.orders.filter((one) => !ENDED.has(one.state) && isStuck(one));
  return html`<section class="wide" id="stuck"><h2 tabindex="-1">${t("stuckOrders")} · ${stuck.length}</h2>
    ${stuck.length ? orderTable(stuck, picture) : html`<p class="empty">${t("nothingStuck")}</p>`}</section>`;
}

function tasks(list) {
  if (!list.length) return html`<p class="empty">${t("noTasks")}</p>`;
  const rows = list.map((one) => html`<tr data-key="task-${one.task_id}">
    <td data-h="${t("task")}">${word("task", one.what)}</td>
    <td data-h="${t("load")}">${loadLink(one.subject)}</td>
    <td data-h="${t("from")}">${placeLink(one.source)}</td>
    <td data-h="${t("to")}">${placeLink(one.target)}</td>
    <td data-h="${t("vehicle")}">${one.vehicle ?? "–"}</td>
    <td data-h="${t("state")}">${word("taskState", one.state)}</td></tr>`);
  return html`<table class="cards"><thead><tr><th>${t("task")}</th><th>${t("load")}</th><th>${t("from")}</th>
    <th>${t("to")}</th><th>${t("vehicle")}</th><th>${t("state")}</th></tr></thead><tbody>${rows}</tbody>
    </table>`;
}

export const dispatch = {
  draw(state) {
    const {picture} = state;
    const open = picture.orders.filter((one) => !ENDED.has(one.state) && !isStuck(one));
    const ended = picture.orders.filter((one) => ENDED.has(one.state));
    const here = picture.trucks.filter((one) => one.state !== "gone");
    const gone = picture.trucks.filter((one) => one.state === "gone");
    return html`<div class="wide" data-key="docks">${docks(state)}</div>${blocked(picture)}
      <section class="wide" id="orders"><h2 tabindex="-1">${t("openOrders")} · ${open.length}</h2>
        ${orderTable(open, picture)}
        <details data-key="ended"><summary>${t("endedOrders", {count: ended.length})}</summary>
        ${orderTable(ended, picture)}</details></section>
      <section class="wide" id="trucks"><h2 tabindex="-1">${t("trucks")} · ${here.length}</h2>
        ${truckTable(state, here, false)}
        <details data-key="gone"><summary>${t("goneTrucks", {count: gone.length})}</summary>
        ${truckTable(state, gone, true)}</details></section>
      <section class="wide" id="tasks"><h2 tabindex="-1">${t("tasks")} · ${picture.tasks.length}</h2>
        ${tasks(picture.tasks)}</section>`;
  },
};
