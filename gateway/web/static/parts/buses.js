// Field buses: what their polls were planned to need of the line beside what they use.
import {html} from "../html.js";
import {growing} from "../format.js";
import {t} from "../words.js";

const NEARLY_FULL = 0.9;

function share(ratio) {
  if (ratio === null) return "–";
  const text = `${(100 * ratio).toFixed(0)} %`;
  return ratio > NEARLY_FULL ? html`<span class="bad">■ ${text}</span>` : text;
}

export function buses(rows) {
  if (!rows.length) return html`<p class="empty">${t("noBuses")}</p>`;
  return html`<table class="cards"><thead><tr><th>${t("bus")}</th><th>${t("edge")}</th>
    <th class="n" title="${t("tip.planned")}">${t("planned")}</th>
    <th class="n" title="${t("tip.used")}">${t("used")}</th>
    <th class="n" title="${t("tip.round")}">${t("round")}</th><th class="n">${t("requests")}</th>
    <th class="n">${t("timeouts")}</th><th class="n" title="${t("tip.badAnswers")}">${t("badAnswers")}</th>
    <th>${t("seen")}</th></tr></thead><tbody>${rows.map((one) => html`<tr
    data-key="bus-${one.edge}-${one.bus}"><td data-h="${t("bus")}">${one.bus}</td>
    <td data-h="${t("edge")}">${one.edge}</td>
    <td data-h="${t("planned")}" class="n">${share(one.planned_ratio)}</td>
    <td data-h="${t("used")}" class="n">${share(one.utilisation_ratio)}</td>
    <td data-h="${t("round")}" class="n">${one.cycle_ms.toFixed(0)} ms</td>
    <td data-h="${t("requests")}" class="n">${one.requests_count}</td>
    <td data-h="${t("timeouts")}" class="n">${one.timeouts_count}</td>
    <td data-h="${t("badAnswers")}" class="n">${one.errors_count}</td>
    <td data-h="${t("seen")}">${growing(one.age_s)}</td></tr>`)}</tbody></table>`;
}
