// Custody: each edge's chain, the ledger's head against each box, and what a person may decide.
import {ask} from "../ask.js";
import {html, nothing} from "../html.js";
import {count, growing} from "../format.js";
import {t, word} from "../words.js";
import {act} from "../parts/acts.js";
import {cell} from "../parts/cell.js";
import {facts} from "../parts/facts.js";

// As in gateway/boxes.py: an older voice gets no order.
const FRESH_S = 6;
const ADOPTABLE = new Set(["forked", "exhausted", "stopped"]);
const COUNTS = ["pending", "aside", "repeated", "dead", "void"];

const shortOf = (hash) => html`<span class="mono" title="${hash}">${hash ? hash.slice(0, 12) : "–"}</span>`;
const aboutBox = (edge, one) => t("aboutBox", {edge: edge.edge, boot: one.boot});

// How far a box is from the ledger. A beat is two seconds old: the ledger may be ahead of it.
function distance(edge, one) {
  const more = one.tip_seq - edge.head_seq;
  if (one.mode === "forked") return html`<span class="bad">■ ${t("chain.other")}</span>`;
  if (more > 0 && one.mode === "following") return t("chain.ahead", {count: count(more)});
  if (more > 0) return html`<span class="high">▲ ${t("chain.held", {count: count(more)})}</span>`;
  if (more < 0 && one.mode !== "following") return html`<span class="high">▲ ${
    t("chain.behind", {count: count(-more)})}</span>`;
  return t("chain.equal");
}

function buttons(state, edge, one) {
  const can = [];
  if (one.beat_age_s > FRESH_S) return html`<span class="dim">${t("notHeard")}</span>`;
  if (edge.decide.includes("adopt") && ADOPTABLE.has(one.mode)) can.push("adopt");
  if (edge.decide.includes("stop") && one.mode !== "stopped") can.push("stop");
  if (!can.length) return html`<span class="dim">${t("nothingToDecide")}</span>`;
  return html`<div class="row">${can.map((verb) => {
    return act(state, verb, `${edge.edge} ${one.boot}`, aboutBox(edge, one));
  })}</div>`;
}

function box(state, edge, one) {
  const mode = word("mode", one.mode);
  const known = one.mode === "following" ? html`<b>${mode}</b>` : html`<b class="high">▲ ${mode}</b>`;
  return html`<tr data-key="box-${one.boot}">
    ${cell(t("box"), html`<span class="mono">${one.boot}</span>`)}
    ${cell(t("newestRow"), count(one.tip_seq))}
    ${cell(t("againstLedger"), distance(edge, one))}
    ${cell(t("state"), html`${known}<br><span class="age says">${word("modeSays", one.mode)}</span>`)}
    ${cell(t("unacknowledged"), count(one.custody_rows))}
    ${cell(t("lastBeat"), growing(one.beat_age_s))}
    ${cell(t("decide"), buttons(state, edge, one))}</tr>`;
}

function boxes(state, edge) {
  if (!edge.boxes.length) return html`<p class="empty">${t("noBoxes")}</p>`;
  const heads = ["box", "newestRow", "againstLedger", "state", "unacknowledged", "lastBeat", "decide"];
  return html`<table class="cards"><thead><tr>${heads.map((one) => html`<th>${t(one)}</th>`)}</tr></thead>
    <tbody>${edge.boxes.map((one) => box(state, edge, one))}</tbody></table>`;
}

function warnings(edge) {
  const told = [];
  if (edge.is_forked) told.push(t("chain.forked", {count: count(edge.aside_count)}));
  if (edge.is_cloned) told.push(t("chain.cloned"));
  return told.map((text) => html`<p class="bad">■ ${text}</p>`);
}

function rows(edge) {
  const odd = COUNTS.filter((name) => edge[`${name}_count`]);
  if (!odd.length) return t("rowsPlain");
  return odd.map((name) => html`<div><b>${t(`rows.${name}`, {count: count(edge[`${name}_count`])})}</b>
    <span class="age">${t(`rows.${name}.what`)}</span></div>`);
}

function one(state, edge) {
  const about = t("aboutEdge", {edge: edge.edge, count: count(edge.aside_count)});
  const settle = edge.decide.includes("settle") ? act(state, "settle", edge.edge, about) : nothing;
  return html`<section class="wide" id="chain-${edge.edge}"><h2 tabindex="-1">${t("edge")}
    <span class="id">${edge.edge}</span></h2>
    ${warnings(edge)}
    ${facts([
    [t("ledgerHead"), html`<b>${count(edge.head_seq)}</b> · ${shortOf(edge.head_hash)}`],
    [t("rowsOf"), html`${rows(edge)}${settle}`],
  ])}${boxes(state, edge)}</section>`;
}

export const custody = {
  every: 2,
  tab: "devices",
  load: () => ask("/api/custody"),

  draw(state) {
    const all = state.data?.edges;
    if (!all) return html`<section class="wide"><p class="empty">
      ${state.failed ? t("noAnswer") : t("loading")}</p></section>`;
    const named = all.filter((edge) => edge.edge === state.argument);
    const shown = named.length ? named : all;
    const others = named.length && all.length > 1
      ? html` <a href="#custody">${t("allEdges")}</a>` : "";
    return html`<p class="wide intro">${t("custodyAbout")}${others}</p>
      ${shown.map((edge) => one(state, edge))}
      ${all.length ? "" : html`<section class="wide"><p class="empty">${t("noBoxes")}</p></section>`}`;
  },
};
