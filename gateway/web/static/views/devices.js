// Devices: edges, what hangs on them, the machine's processes.
import {html} from "../html.js";
import {growing, when} from "../format.js";
import {placeLink} from "../links.js";
import {phrase} from "../say.js";
import {t, word} from "../words.js";
import {readings} from "../parts/climate.js";

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

function lastReading(state, device) {
  const probes = state.picture.climate.flatMap((zone) => zone.probes);
  const probe = probes.find((one) => one.device === device.device);
  return probe ? html`${readings(probe.values)} · ${growing(probe.age_s)}` : html`${t("noReading")}`;
}

function device(state, one) {
  const point = one.read_point ? placeLink(`dock:${one.read_point}`) : "–";
  const where = one.zone ? word("zone", one.zone) : point;
  const reason = one.status_reason ? phrase(one.status_reason, "device") : "";
  const text = one.status === "ok" ? word("device", "ok") : reason || word("device", one.status);
  return html`<tr data-key="device-${one.edge}-${one.device}"><td data-h="${t("device")}">
    <details data-key="more"><summary>${one.device}</summary>
    <p>${t("lastReading")}: ${lastReading(state, one)}</p>
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

export const devices = {
  draw(state) {
    const {picture} = state;
    return html`<section class="wide" id="edges">
      <h2 tabindex="-1">${t("edges")}</h2>${edges(picture.edges)}
      <p><a href="#custody">${t("nav.custody")}</a> · <a href="#gaps">${t("nav.gaps")}</a></p></section>
      <section class="wide" id="list"><h2 tabindex="-1">${t("nav.devices")} · ${picture.devices.length}</h2>
      <table class="cards"><thead><tr><th>${t("device")}</th><th>${t("edge")}</th><th>${t("family")}</th>
      <th>${t("where")}</th><th>${t("state")}</th><th>${t("seen")}</th></tr></thead>
      <tbody>${picture.devices.map((one) => device(state, one))}</tbody></table></section>
      <section class="wide" id="processes"><h2 tabindex="-1">${t("processes")}</h2>
      ${processes(picture.processes)}</section>`;
  },
};
