// The air of each zone: value, limits, age; the probes it comes from.
import {html} from "../html.js";
import {growing} from "../format.js";
import {t, word} from "../words.js";

const value = (number, digits, sign) => {
  return number === undefined ? "" : `${number.toFixed(digits)} ${sign}`;
};

export function readings(row) {
  return [
    value(row.temperature_c, 1, "°C"), value(row.humidity_percent, 0, "% RH"),
    value(row.co2_ppm, 0, "ppm CO₂"), value(row.dew_point_c, 1, `°C ${t("dewPoint")}`),
  ].filter(Boolean).join(" · ");
}

export function zoneBox(zone) {
  const bad = zone.is_out && !zone.is_stale;
  const more = readings({...zone, temperature_c: undefined, dew_point_c: undefined});
  return html`<div class="zone ${bad ? "bad" : ""} ${zone.is_stale ? "stale" : ""}"
    data-key="zone-${zone.zone}">
    <span class="age">${word("zone", zone.zone)} · ${growing(zone.age_s)}
    ${zone.is_stale ? ` · ${t("stale")}` : ""}</span>
    <p><b>${value(zone.temperature_c, 1, "°C") || "–"}</b>
    ${bad ? html`<span class="bad">■ ${t("outOfBand")}</span>` : ""}
    ${more ? html`<span class="more">${more}</span>` : ""}</p>
    <span class="age">${t("band", {low: zone.low_c, high: zone.high_c})} ·
      ${t("probesFresh", {fresh: zone.fresh_count, count: zone.probes_count})}</span></div>`;
}

export function climate(picture) {
  return html`<section id="climate"><h2 tabindex="-1">${t("nav.climate")}</h2>
    <div class="climate">${picture.climate.map(zoneBox)}</div></section>`;
}

export function probes(zone) {
  const cut = zone.probes.length < zone.probes_count
    ? html`<p class="note">${t("probesCut", {count: zone.probes.length, all: zone.probes_count})}</p>` : "";
  return html`${cut}<table class="cards"><thead><tr><th>${t("probe")}</th><th>${t("reading")}</th>
    <th>${t("quality")}</th><th>${t("seen")}</th></tr></thead><tbody>${zone.probes.map((one) => html`<tr
    data-key="probe-${one.device}"><td data-h="${t("probe")}">${one.device}</td>
    <td data-h="${t("reading")}">${readings(one.values)}</td>
    <td data-h="${t("quality")}">${word("quality", one.quality)}</td>
    <td data-h="${t("seen")}">${growing(one.age_s)}</td></tr>`)}</tbody></table>`;
}
