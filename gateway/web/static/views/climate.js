// Climate: each zone now, its probes, and a chart of what was measured.
import {chart} from "../chart.js";
import {html} from "../html.js";
import {t, word} from "../words.js";
import {ask} from "../ask.js";
import {probes, zoneBox} from "../parts/climate.js";
import {choice} from "../parts/filters.js";

const FIELDS = {temperature_c: "°C", humidity_percent: "% RH", co2_ppm: "ppm CO₂", dew_point_c: "°C"};
const SPANS = ["15", "60", "480", "1440"];

function filters(state) {
  const fields = Object.keys(FIELDS).map((one) => [one, t(`field.${one}`)]);
  return html`<div class="filters">${choice(state, "climateField", t("reading"), fields)}
    ${choice(state, "climateSpan", t("span"), SPANS.map((one) => [one, t(`span.${one}`)]))}</div>`;
}

function zone(state, row) {
  const field = state.filters.climateField ?? "temperature_c";
  const samples = state.data?.[row.zone] ?? [];
  const band = field === "temperature_c" ? row : null;
  return html`<section class="wide" id="zone-${row.zone}"><h2 tabindex="-1">${word("zone", row.zone)}</h2>
    <div class="zonecols">${zoneBox(row)}
    <div class="chartbox">${chart(samples, band, t(`field.${field}`), FIELDS[field])}</div></div>
    <details data-key="probes" open><summary>${t("probesCount", {count: row.probes_count})}</summary>
    ${probes(row)}</details></section>`;
}

export const climate = {
  every: 5,

  async load(state) {
    const field = state.filters.climateField ?? "temperature_c";
    const minutes = state.filters.climateSpan ?? "15";
    const found = {};
    for (const name of state.plan.zones) {
      const query = new URLSearchParams({zone: name, minutes, field});
      found[name] = (await ask(`/api/climate?${query}`)).samples;
    }
    return found;
  },

  draw: (state) => html`<div class="wide">${filters(state)}<a href="#gaps">${t("gapsLink")}</a></div>
    ${state.picture.climate.map((row) => zone(state, row))}`,
};
