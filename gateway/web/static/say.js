// Sentences of the journal and of the rules, in the language of the page, with their ids linked.
import {html, joined, nothing} from "./html.js";
import {mass, minute, money} from "./format.js";
import {
  alarmTitle, goodsLink, loadLink, orderLink, palletLink, placeLink, truckLink, unitLink,
} from "./links.js";
import {phraseOf} from "./phrases.js";
import {has, language, t, template, word} from "./words.js";

const LINKS = {
  unit: unitLink, order_id: orderLink, truck_id: (id) => truckLink(id), sscc: palletLink,
  place: placeLink, source: placeLink, target: placeLink, subject: subjectLink, tag: unitLink,
  goods_id: goodsLink, amount: money, mass_g: mass, at: minute,
  status: (one) => word("status", one), state: (one) => word("state", one),
  hold: (one) => word("hold", one), zone: (one) => word("zone", one),
  units: (list) => joined(list.split(/, | and /).map(maybeUnit)),
  what: (one) => word("task", one), outcome: (one) => word("outcome", one),
  how: (one) => word("how", one), mode: (one) => word("mode", one),
  definition: alarmTitle, verb: (one) => word("verb", one),
  reason: (one) => phrase(one), why: (one) => phrase(one), last: (one) => phrase(one, "device"),
  reasons: (rows) => joined(rows.map((row) => why(row)), "; "), code: (one) => code(one),
  said: (one) => word("said", one), document: (one) => word("document", one).toLowerCase(),
};

function subjectLink(id) {
  if (/^\d{18}$/.test(id) || id.startsWith("urn:")) return loadLink(id);
  if (/^(OUT|IN)-\d+$/.test(id)) return truckLink(id);
  return html`${word("zone", id)}`;
}

const maybeUnit = (text) => (text.startsWith("urn:") ? unitLink(text) : text);

function code(number) {
  const key = `receipt.${number}`;
  return has(key) ? `${number} (${t(key)})` : String(number);
}

// One sentence: {say, of, ...facts}. `of` names the fact that is its subject; a story's own is left
// out. A fact that a link or a word stands for is shown as such.
export function say(saying, prefix = "j") {
  const parts = template(variant(saying, `${prefix}.${saying.say}`)).split(/(\{\w+(?:\|[^}]*)?\})/);
  const told = parts.map((part) => fill(part, saying));
  const subject = saying.of ? subjectOf(saying) : "";
  if (subject) told[0] = low(told[0]);
  const isCounted = saying.times > 1 && saying.of !== "unit";
  const times = isCounted ? html` <span class="dim">× ${saying.times}</span>` : "";
  return html`${subject}${told}${times}`;
}

function fill(part, saying) {
  if (!part.startsWith("{")) return part;
  const name = /^\{(\w+)\}$/.exec(part)?.[1];
  if (!name) return t2(part, saying);
  const fact = saying[name];
  return fact === undefined || fact === null ? "–" : (LINKS[name] ?? String)(fact);
}

function subjectOf(saying) {
  const {of, times} = saying;
  if (of === "unit" && times > 1) return html`${t("ofCartons", {count: times})}${t("colon")}`;
  return html`${t(`of.${of}`)} ${LINKS[of](saying[of])}${t("colon")}`;
}

const low = (text) => (language() === "en" ? text.charAt(0).toLowerCase() + text.slice(1) : text);

// A sentence for what is known: "booked.amount" when the money is, "gate_refused.reasons" when they are.
function variant(saying, key) {
  if (saying.is_others && has(`${key}.others`)) return `${key}.others`;
  for (const name of ["amount", "reason", "reasons", "truck_id", "dock"]) {
    if (saying[name] !== undefined && has(`${key}.${name}`)) return `${key}.${name}`;
  }
  return key;
}

function t2(part, facts) {
  const [, name, one, more] = /^\{(\w+)\|([^|}]*)\|([^}]*)\}$/.exec(part);
  return Number(facts[name]) === 1 ? one : more;
}

// A sentence that the gateway wrote in English: said anew if we know it, else as it is.
export function phrase(text, rule = "") {
  const known = phraseOf(text);
  if (known) return say(known, "p");
  const key = `rule.${rule}`;
  if (rule && has(key) && language() !== "en") {
    return html`${t(key)} <span class="original" lang="en" title="${text}">ⓘ</span>`;
  }
  return html`${text}`;
}

// Why something is blocked: the row of a refusal or of what blocks an order.
export const why = (row) => phrase(row.what ?? row.why ?? "", row.rule);
export const who = (row) => word("who", row.who);

// The same words whatever place shows them: one item a carton, its reasons below.
export function refusalList(refusal) {
  if (!refusal?.length) return nothing;
  const byUnit = grouped(refusal);
  return html`<ul class="why">${[...byUnit].map(([unit, rows]) => refused(unit, rows))}</ul>`;
}

function grouped(rows) {
  const found = new Map();
  for (const row of rows) {
    const key = row.unit || "";
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return found;
}

function refused(unit, rows) {
  if (!unit) {
    return rows.map((row) => html`<li>${why(row)}${act([row])}</li>`);
  }
  return html`<li>${t("unit")} ${unitLink(unit)}${t("colon")}${joined(rows.map(why), "; ")}${act(rows)}</li>`;
}

// Who must act, where it is known.
function act(rows) {
  const people = [...new Set(rows.filter((row) => row.who).map(who))];
  return people.length ? html` <span class="dim">— ${t("who")}${t("colon")}${joined(people)}</span>` : "";
}
