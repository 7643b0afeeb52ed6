// Completeness: how much of what each device should have told came, what is missing, and why.
import {ask} from "../ask.js";
import {html} from "../html.js";
import {age, count, when} from "../format.js";
import {t, word} from "../words.js";
import {cell} from "../parts/cell.js";
import {choice} from "../parts/filters.js";

const SPANS = ["60", "480", "1440", "10080"];
const LOW_PERCENT = 95;
const WIDTH = 1000;

const causeOf = (cause) => word("gapCause", cause.replaceAll(" ", "-"));
const spanOf = (gap) => (new Date(gap.until) - new Date(gap.from)) / 1000;

function bar(percent) {
  return html`<svg class="bar" aria-hidden="true"><rect class="all" width="100%" height="100%"/>
    <rect class="part" width="${Math.min(100, percent)}%" height="100%"/></svg>`;
}

// The whole span from left to right, dark where readings are missing.
function strip(data, one) {
  const from = new Date(data.since).getTime();
  const whole = Math.max(1, new Date(data.until) - from);
  const x = (at) => Math.max(0, Math.min(WIDTH, (WIDTH * (new Date(at) - from)) / whole));
  const about = t("stripAbout", {device: one.device, count: one.gaps_count});
  return html`<svg class="strip" viewBox="0 0 ${WIDTH} 10" preserveAspectRatio="none" role="img"
    aria-label="${about}"><rect class="all" width="${WIDTH}" height="10"/>${one.gaps.map((gap) => html`<rect
    class="gap" x="${x(gap.from).toFixed(1)}" width="${Math.max(3, x(gap.until) - x(gap.from)).toFixed(1)}"
    height="10"><title>${causeOf(gap.cause)}</title></rect>`)}</svg>`;
}

function percent(one) {
  const text = `${one.completeness_percent.toFixed(1)} %`;
  const isLow = one.completeness_percent < LOW_PERCENT;
  return html`${isLow ? html`<b class="high">▲ ${text}</b>` : html`<b>${text}</b>`}
    ${bar(one.completeness_percent)}`;
}

function gap(one) {
  return html`<tr data-key="${one.from}">${cell(t("from"), when(one.from))}
    ${cell(t("until"), when(one.until))}${cell(t("lasted"), age(spanOf(one)))}
    ${cell(t("missing"), count(one.count))}${cell(t("cause"), causeOf(one.cause))}</tr>`;
}

function gaps(one, key) {
  if (!one.gaps_count) return "";
  const told = [...one.gaps].reverse();
  const cut = told.length < one.gaps_count
    ? html`<p class="note">${t("gapsCut", {count: told.length, all: one.gaps_count})}</p>` : "";
  const heads = ["from", "until", "lasted", "missing", "cause"];
  return html`<tr class="under" data-key="gaps-${key}"><td colspan="6"><details data-key="more">
    <summary>${t("gapsCount", {count: one.gaps_count})}</summary>${cut}
    <table class="cards"><thead><tr>${heads.map((name) => html`<th>${t(name)}</th>`)}</tr></thead>
    <tbody>${told.map(gap)}</tbody></table></details></td></tr>`;
}

function device(data, one) {
  const key = `${one.edge}-${one.device}`;
  const told = t("receivedOf", {count: count(one.received_count), all: count(one.expected_count)});
  return html`<tr class="${one.gaps_count ? "over" : ""}" data-key="row-${key}">
    ${cell(t("device"), one.device)}${cell(t("edge"), one.edge)}
    ${cell(t("complete"), percent(one))}${cell(t("readingsOf"), told)}
    ${cell(t("rhythm"), one.interval_s ? t("everyS", {span: age(one.interval_s)}) : t("noRhythm"))}
    ${cell(t("strip"), strip(data, one))}</tr>${gaps(one, key)}`;
}

function table(data) {
  if (!data.devices.length) return html`<p class="empty">${t("noDevicesTold")}</p>`;
  const heads = ["device", "edge", "complete", "readingsOf", "rhythm", "strip"];
  return html`<p class="note">${t("gapsAbout", {percent: LOW_PERCENT})}
    ${when(data.since)} – ${when(data.until)}</p>
    <table class="cards"><thead><tr>${heads.map((one) => html`<th>${t(one)}</th>`)}</tr></thead>
    <tbody>${data.devices.map((one) => device(data, one))}</tbody></table>`;
}

export const gapsView = {
  every: 10,
  tab: "climate",
  load: (state) => ask(`/api/completeness?minutes=${state.filters.gapsSpan ?? SPANS[0]}`),

  draw(state) {
    const bars = html`<div class="filters">
      ${choice(state, "gapsSpan", t("span"), SPANS.map((one) => [one, t(`span.${one}`)]))}</div>`;
    const {data, failed} = state;
    const wanted = Number(state.filters.gapsSpan ?? SPANS[0]);
    const note = failed ? t("noAnswer") : data?.minutes === wanted ? "" : t("loading");
    return html`<section class="wide" id="list">${bars}
      ${note ? html`<p class="empty">${note}</p>` : ""}${data ? table(data) : ""}</section>`;
  },
};
