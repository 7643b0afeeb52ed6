// A line with its envelope and limits. The plot is stretched, its words are not: they stand in
// svg elements without a viewBox, placed in percent.
import {html} from "./html.js";
import {minute, spanOf} from "./format.js";
import {t} from "./words.js";

const WIDTH = 1000;
const HEIGHT = 100;

function scale(samples, band) {
  const lows = samples.map((one) => one.low);
  const highs = samples.map((one) => one.high);
  const low = Math.min(...lows, band?.low_c ?? Infinity);
  const high = Math.max(...highs, band?.high_c ?? -Infinity);
  const room = Math.max(0.5, (high - low) * 0.08);
  return {low: low - room, high: high + room, from: samples[0].t_ms, to: samples.at(-1).t_ms};
}

const y = (s, value) => (HEIGHT * (s.high - value)) / (s.high - s.low);
const x = (s, ms) => (WIDTH * (ms - s.from)) / Math.max(1, s.to - s.from);

const point = (s, one, name) => `${x(s, one.t_ms).toFixed(1)} ${y(s, one[name]).toFixed(2)}`;

function path(samples, s, name) {
  return samples.map((one, i) => `${i ? "L" : "M"}${point(s, one, name)}`).join("");
}

function envelope(samples, s) {
  const back = [...samples].reverse().map((one) => `L${point(s, one, "low")}`);
  return `${path(samples, s, "high")}${back.join("")}Z`;
}

function limit(s, value) {
  const at = y(s, value).toFixed(2);
  return html`<line class="limit" x1="0" x2="${WIDTH}" y1="${at}" y2="${at}"
    vector-effect="non-scaling-stroke"/>`;
}

// Numbers at the left: the limits, and the ends of what was measured where there is room.
function axis(samples, s, band) {
  const marks = band ? [[band.low_c, true], [band.high_c, true]] : [];
  const ends = [Math.min(...samples.map((one) => one.low)), Math.max(...samples.map((one) => one.high))];
  for (const value of ends) {
    const near = marks.some(([other]) => Math.abs(y(s, other) - y(s, value)) < 10);
    if (!near) marks.push([value, false]);
  }
  return html`<svg class="yaxis" aria-hidden="true">${marks.map(([value, isLimit]) => html`<text x="100%"
    dx="-6" dy="4" y="${y(s, value).toFixed(1)}%" class="${isLimit ? "limit" : ""}">${
  value.toFixed(Math.abs(value) >= 100 ? 0 : 1)}</text>`)}</svg>`;
}

const span = (s) => spanOf(Math.max(1, Math.round((s.to - s.from) / 60_000)));

export function chart(samples, band, name, sign) {
  if (samples.length < 2) return html`<p class="empty">${t("noSamples", {name})}</p>`;
  const s = scale(samples, band);
  const last = samples.at(-1).mean.toFixed(1);
  const at = (ms) => minute(new Date(ms).toISOString());
  const limits = band ? html` · ${t("limits", {low: band.low_c, high: band.high_c})}` : "";
  return html`<p class="age">${name} (${sign}) · ${t("lastSpan", {span: span(s)})}${limits}</p>
    <div class="chart">${axis(samples, s, band)}
    <svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
      aria-label="${t("chartAbout", {name, last, sign, span: span(s)})}">
    <path class="envelope" d="${envelope(samples, s)}"/>
    ${band ? [limit(s, band.low_c), limit(s, band.high_c)] : ""}
    <path class="line" d="${path(samples, s, "mean")}" vector-effect="non-scaling-stroke"/></svg>
    <div class="xaxis"><span>${at(s.from)}</span><span>${at((s.from + s.to) / 2)}</span>
    <span>${at(s.to)}</span></div></div>`;
}
