// Alarms: active ones in full, the last cleared ones below.
import {html} from "../html.js";
import {t} from "../words.js";
import {alarm} from "../parts/alarms.js";

export const alarms = {
  draw(state) {
    const active = state.picture.alarms.filter((one) => !one.cleared_at);
    const old = state.picture.alarms.filter((one) => one.cleared_at);
    return html`<section class="wide" id="list"><h2 tabindex="-1">${t("activeAlarms")} · ${active.length}</h2>
      ${state.picture.is_simulated ? html`<p class="note">${t("simulated")}</p>` : ""}
      ${active.map((one) => alarm(state, one, true))}
      ${active.length ? "" : html`<p class="empty">${t("noAlarms")}</p>`}</section>
      <section class="wide" id="old"><h2 tabindex="-1">${t("clearedAlarms")}</h2>
      ${old.map((one) => alarm(state, one, false))}
      ${old.length ? "" : html`<p class="empty">${t("nothingHere")}</p>`}</section>`;
  },
};
