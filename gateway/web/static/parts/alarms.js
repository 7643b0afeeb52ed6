// An alarm: what happened to what, why, what it means, what to do, and the button for it.
import {html, joined, nothing} from "../html.js";
import {when} from "../format.js";
import {palletLink, placeLink, truckLink, unitLink} from "../links.js";
import {partsOf, phraseOf, splitUnit} from "../phrases.js";
import {phrase, refusalList} from "../say.js";
import {language, t, word} from "../words.js";
import {act, releaseHolds, sendAway} from "./acts.js";

const EDGE = new Set(["edge-lost", "config-refused"]);
const GATE = new Set(["gate-refused", "gate-blocked"]);
const PALLET = new Set(["weight-discrepancy", "tags-discrepancy", "putaway-blocked"]);
const LEDGER = new Set(["ledger-twin", "foreign-gateway"]);
const ZONE = new Set(["climate-excursion", "climate-stale"]);

export function alarmWords(state, one) {
  return state.plan.alarms[one.definition]?.[language()] ?? {
    title: one.definition, cause: one.cause, consequence: one.consequence, remedy: one.remedy,
  };
}

// What the alarm is about, linked.
function subject(state, one) {
  const {definition, subject: name} = one;
  const truck = GATE.has(definition) && state.picture.trucks.find((row) => row.truck_id === name);
  if (GATE.has(definition)) return html`${t("truck")} ${truckLink(name, truck ? truck.plate : name)}`;
  if (PALLET.has(definition)) return html`${t("pallet")} ${palletLink(name)}`;
  if (ZONE.has(definition)) return html`<a href="#climate">${t("zone")} ${word("zone", name)}</a>`;
  if (definition === "evidence-missing") return html`${t("unit")} ${unitLink(name)}`;
  if (definition.startsWith("custody-")) {
    return html`<a href="#custody/${encodeURIComponent(name)}">${t("edge")} ${name}</a>`;
  }
  if (LEDGER.has(definition)) return html`<a href="#custody">${t("nav.custody")}</a>`;
  if (EDGE.has(definition)) return html`<a href="#devices">${t("edge")} ${name}</a>`;
  if (definition === "device-lost") return html`<a href="#devices">${name}</a>`;
  if (definition === "order-cutoff-near") return html`<a href="#dispatch">${t("nav.dispatch")}</a>`;
  if (definition === "dead-letters") return html`<a href="#letters">${t("dead")}</a>`;
  if (definition === "dead-letter-flood") return html`<a href="#letters">${t("edge")} ${name}</a>`;
  if (definition === "gate-left-unauthorised") return placeLink(`dock:${name}`);
  return nothing;
}

// The causes, each once; a carton that several name is named once.
function causes(state, one) {
  const truck = GATE.has(one.definition)
    && state.picture.trucks.find((row) => row.truck_id === one.subject);
  if (truck && !one.cleared_at && truck.refusal.length) return refusalList(truck.refusal);
  const parts = partsOf(one.what);
  const rows = parts.map(splitUnit);
  if (rows.some((row) => row.unit)) {
    return refusalList(rows.map((row) => ({...row, rule: ""})));
  }
  const known = parts.every(phraseOf);
  const title = alarmWords(state, one).title;
  if (!known && language() !== "en") return original(title, one.what);
  return html`<ul class="why">${parts.map((part) => html`<li>${phrase(part)}</li>`)}</ul>`;
}

function original(title, text) {
  return html`<details data-key="original"><summary>${t("original")}</summary>
    <p lang="en">${text}</p></details>`;
}

function remedyButton(state, one) {
  if (one.cleared_at) return nothing;
  if (GATE.has(one.definition)) {
    return sendAway(state, state.picture.trucks.find((row) => row.truck_id === one.subject));
  }
  if (one.definition.endsWith("-discrepancy")) {
    const held = state.picture.held.find((row) => row.sscc === one.subject);
    return held ? releaseHolds(state, held) : nothing;
  }
  return nothing;
}

function ending(one) {
  const told = [];
  const by = one.acknowledged_by;
  if (by) told.push(html`${t("acked", {by})} ${when(one.acknowledged_at)}`);
  if (one.cleared_at) told.push(html`${t("cleared")} ${when(one.cleared_at)}`);
  return told.length ? html`<p>${joined(told, " · ")}</p>` : "";
}

export function alarm(state, one, isFull) {
  const words = alarmWords(state, one);
  const about = isFull
    ? html`<p>${t("cause")}: ${words.cause}</p><p>${t("consequence")}: ${words.consequence}</p>` : "";
  const isOpen = !one.acknowledged_by && !one.cleared_at;
  const level = word("severity", one.severity);
  const mark = `${one.acknowledged_by ? "seen" : ""} ${one.cleared_at ? "cleared" : ""}`;
  return html`<article class="alarm ${mark}" data-key="alarm-${one.alarm_id}">
    <span class="sym ${one.severity}" title="${level}" role="img" aria-label="${level}">!</span>
    <div class="told"><b>${words.title}</b> ${subject(state, one)}
      <span class="age">${t("since")} ${when(one.since)}</span>
      ${causes(state, one)}${about}
      ${one.cleared_at ? "" : html`<p class="do">${t("remedy")}: ${words.remedy}</p>`}${ending(one)}</div>
    <div class="acts">${remedyButton(state, one)}
      ${isOpen ? act(state, "ack", one.alarm_id, words.title) : ""}</div></article>`;
}

export function alarmList(state, count) {
  const active = state.picture.alarms.filter((one) => !one.cleared_at);
  const more = active.length - count;
  return html`<section id="alarms"><h2 tabindex="-1">${t("nav.alarms")} · ${active.length}</h2>
    ${active.slice(0, count).map((one) => alarm(state, one, false))}
    ${active.length ? "" : html`<p class="empty">${t("noAlarms")}</p>`}
    ${more > 0 ? html`<p><a href="#alarms">${t("moreAlarms", {count: more})}</a></p>` : ""}
    ${state.picture.is_simulated ? html`<p class="note">${t("simulated")}</p>` : ""}</section>`;
}
