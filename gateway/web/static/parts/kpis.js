// The key figures of the overview; stock counts the same groups.
import {html} from "../html.js";
import {count, left, minute, money} from "../format.js";
import {t} from "../words.js";

function figure(name, title, value, more = "", mark = "") {
  return html`<div data-key="kpi-${name}" title="${title}"><dt>${t(`kpi.${name}`)}</dt>
    <dd class="${mark}">${mark ? "▲ " : ""}${value}${more}</dd></div>`;
}

export function bar(percent) {
  const width = `${Math.max(0, Math.min(100, percent)).toFixed(1)}%`;
  return html`<svg class="bar" aria-hidden="true"><rect class="all" width="100%" height="100%"/>
    <rect class="part" width="${width}" height="100%"/></svg>`;
}

export function kpis(picture) {
  const f = picture.figures;
  const active = picture.alarms.filter((one) => !one.cleared_at).length;
  const part = f.guarantee_ceiling ? (100 * f.duty_at_risk) / f.guarantee_ceiling : 0;
  const risk = money(Math.round(f.duty_at_risk / 100) * 100);
  const duty = html`${risk} <small>${t("of")} ${money(f.guarantee_ceiling)}</small>`;
  const units = (number) => html`${count(number)} <small>${t("cartonsOf", {count: number})}</small>`;
  const next = f.next_cutoff_at
    ? html`${minute(f.next_cutoff_at)} <small>${left(f.next_cutoff_at, picture.at)}</small>
        <small>${t("ordersOf", {count: f.open_orders})}</small>`
    : html`– <small>${t("ordersOf", {count: 0})}</small>`;
  return html`<dl class="kpis" aria-label="${t("kpi.all")}">
    ${figure("inBond", t("tip.inBond"), units(f.in_bond))}
    ${figure("duty", t("tip.duty"), duty, bar(part))}
    ${figure("released", t("tip.released"), units(f.released_waiting))}
    ${figure("cutoff", t("tip.cutoff"), next)}
    ${figure("held", t("tip.held"), units(f.held), "", f.held ? "high" : "")}
    ${figure("alarms", t("tip.alarms"), active, "", active ? "high" : "")}</dl>`;
}
