// Devices: edges, what hangs on them, the machine's processes.
import {html} from "../html.js";
import {growing, when} from "../format.js";
import {placeLink} from "../links.js";
import {phrase} from "../say.js";
import {t, word} from "../words.js";
import {ask} from "../ask.js";
import {readings} from "../parts/climate.js";
import {field} from "../parts/filters.js";
import {buses} from "../parts/buses.js";

const sign = (ok, text) => (ok ? text : html`<span class="bad">■ ${text}</span>`);

function edges(rows) {
  return html`<table class="cards"><thead><tr><th>${t("edge")}</th><th>${t("state")}</th>
    <th>${t("lastBeat")}</th>
    <th class="n" title="${t("tip.captured")}">${t("captured")}</th>
    <th class="n" title="${t("tip.head")}">${t("head")}</th>
    <th class="n" title="${t("tip.outbox")}">${t("outbox")}</th></tr></thead>
    <tbody>${rows.map((one) => html`<tr
    data-key="edge-${one.edge}"><td data-h="${t("edge")}">
    <a href="#custody/${encodeURIComponent(one.edge)}">${one.edge}</a></td>
    <td data-h="${t("state")}">${sign(one.is_online, one.is_online ? t("online") : t("lost"))}</td>
    <td data-h="${t("lastBeat")}">${growing(one.beat_age_s)}</td>
    <td data-h="${t("captured")}" class="n">${Math.max(one.tip_seq, one.head_seq)}</td>
    <td data-h="${t("head")}" class="n">${one.head_seq}</td>
    <td data-h="${t("outbox")}" class="n">${one.custody_rows} + ${one.telemetry_rows}</td></tr>`)}</tbody>
    </table>`;
}

function lastReading(one) {
  const last = one.reading;
  return last ? html`${readings(last.values)} · ${growing(last.age_s)}` : html`${t("noReading")}`;
}

function device(one) {
  const point = one.read_point ? placeLink(`dock:${one.read_point}`) : "–";
  const where = one.zone ? word("zone", one.zone) : point;
  const reason = one.status_reason ? phrase(one.status_reason, "device") : "";
  const text = one.status === "ok" ? word("device", "ok") : reason || word("device", one.status);
  return html`<tr data-key="device-${one.edge}-${one.device}"><td data-h="${t("device")}">
    <details data-key="more"><summary>${one.device}</summary>
    <p>${t("lastReading")}: ${lastReading(one)}</p>
    <p>${t("lastError")}: ${reason || t("noError")}</p></details></td>
    <td data-h="${t("edge")}">${one.edge}</td><td data-h="${t("family")}">${one.family}</td>
    <td data-h="${t("where")}">${where}</td><td data-h="${t("state")}">${sign(one.status === "ok", text)}</td>
    <td data-h="${t("seen")}">${growing(one.seen_age_s)}</td></tr>`;
}

function processes(rows) {
  if (!rows.length) return html`<p class="empty">${t("noProcesses")}</p>`;
  return html`<table class="cards"><thead><tr><th>${t("process")}</th><th>${t("state")}</th>
    <th class="n">${t("restarts")}</th><th>${t("lastExit")}</th><th>${t("since")}</th></tr></thead>
    <tbody>${rows.map((one) => html`<tr data-key="process-${one.process}">
    <td data-h="${t("process")}">${one.process}</td>
    <td data-h="${t("state")}">${sign(one.state === "running", word("process", one.state))}</td>
    <td data-h="${t("restarts")}" class="n">${one.restarts_count}</td>
    <td data-h="${t("lastExit")}">${one.last_exit ? phrase(one.last_exit, "exit") : "–"}</td>
    <td data-h="${t("since")}">${when(one.since)}</td></tr>`)}</tbody></table>`;
}

// A picture tells some devices of many, those in trouble first; a filter asks the gateway.
const wanted = (state) => (state.filters.deviceText ?? "").trim();

function list(state) {
  const {picture} = state;
  const text = wanted(state);
  const shown = text && state.data?.text === text ? state.data : picture;
  const counts = {count: shown.devices.length, all: shown.devices_count};
  return html`<section class="wide" id="list">
    <h2 tabindex="-1">${t("nav.devices")} · ${picture.devices_count}</h2>
    <div class="filters">${field(state, "deviceText", t("filterText"))}</div>
    ${counts.count < counts.all ? html`<p class="note">${t("devicesCut", counts)}</p>` : ""}
    ${shown.devices.length ? table(shown.devices) : html`<p class="empty">${t("noDeviceSo")}</p>`}</section>`;
}

function table(rows) {
  return html`<table class="cards"><thead><tr><th>${t("device")}</th><th>${t("edge")}</th>
    <th>${t("family")}</th><th>${t("where")}</th><th>${t("state")}</th><th>${t("seen")}</th></tr></thead>
    <tbody>${rows.map(device)}</tbody></table>`;
}

export const devices = {
  every: 1,

  async load(state) {
    const text = wanted(state);
    if (!text) return null;
    return {text, ...await ask(`/api/devices?${new URLSearchParams({q: text})}`)};
  },

  draw(state) {
    const {picture} = state;
    const {edges: told, edges_count: all} = picture;
    return html`<section class="wide" id="edges">
      <h2 tabindex="-1">${t("edges")}</h2>
      ${told.length < all ? html`<p class="note">${t("edgesCut", {count: told.length, all})}</p>` : ""}
      ${edges(told)}
      <p><a href="#custody">${t("nav.custody")}</a> · <a href="#gaps">${t("nav.gaps")}</a></p></section>
      ${list(state)}
      <section class="wide" id="buses"><h2 tabindex="-1">${t("buses")}</h2>${buses(picture.buses)}</section>
      <section class="wide" id="processes"><h2 tabindex="-1">${t("processes")}</h2>
      ${processes(picture.processes)}</section>`;
  },
};
