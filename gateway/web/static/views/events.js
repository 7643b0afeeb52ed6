// Events: the journal as sentences, newest first; filtered, paused, or paged back.
import {ask} from "../ask.js";
import {html} from "../html.js";
import {when} from "../format.js";
import {say} from "../say.js";
import {t, word} from "../words.js";
import {evidence} from "../parts/story.js";
import {choice, field} from "../parts/filters.js";

const GROUPS = [
  "house", "all", "cartons", "holds", "orders", "customs", "trucks", "vehicles", "alarms", "edges",
];

function query(state, before) {
  const {eventText, eventGroup} = state.filters;
  const wanted = {q: (eventText ?? "").trim(), group: eventGroup ?? "house", before: before ?? ""};
  return new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
}

function row(one) {
  return html`<tr data-key="event-${one.n}"><td data-h="${t("at")}" class="nowrap">${when(one.at)}</td>
    <td data-h="${t("what")}">${one.says.map((saying) => html`<div>${say(saying)}</div>`)}</td>
    <td data-h="${t("evidence")}">${evidence(one.cause, [one], `evidence-${one.n}`)}</td></tr>`;
}

function letter(one) {
  return html`<details data-key="letter-${one.letter_id}">
    <summary>${when(one.at)} ${word("letter", one.reason)}</summary>
    <p class="mono" lang="en">${one.detail}<br>${one.topic} · ${one.bytes_count} B<br>${one.body}</p>
    </details>`;
}

function letters(list) {
  return html`<section class="wide" id="dead"><h2 tabindex="-1">${t("dead")} · ${list.length}</h2>
    ${list.length ? list.slice(0, 20).map(letter) : html`<p class="empty">${t("noDead")}</p>`}
    <p><a href="#letters">${t("lettersLink")}</a></p></section>`;
}

function bar(state) {
  const groups = GROUPS.map((one) => [one, t(`group.${one}`)]);
  const paused = state.filters.eventsPaused;
  return html`<div class="filters">${field(state, "eventText", t("filterText"))}
    ${choice(state, "eventGroup", t("everyKind"), groups)}
    <button type="button" id="pause" data-do="pause" aria-pressed="${paused ? "true" : "false"}">
    ${paused ? t("goOn") : t("pause")}</button></div>`;
}

export const events = {
  every: 1,

  async load(state) {
    const held = state.data;
    const key = query(state).toString();
    if (held?.key === key && (state.filters.eventsPaused || held.isPagedBack)) return held;
    const [found, dead] = [await ask(`/api/events?${query(state)}`), await ask("/api/dead-letters")];
    return {key, events: found.events, dead: dead.dead_letters, isPagedBack: false, isEnd: false};
  },

  async older(state) {
    const held = state.data;
    const last = held.events.at(-1)?.n;
    const more = last ? (await ask(`/api/events?${query(state, last)}`)).events : [];
    return {...held, events: [...held.events, ...more], isPagedBack: true, isEnd: !more.length};
  },

  draw(state) {
    const {events: found = [], dead = [], isPagedBack, isEnd} = state.data ?? {};
    return html`<section class="wide" id="list">${bar(state)}${isPagedBack ? back() : ""}
      <table class="cards"><thead><tr><th>${t("at")}</th><th>${t("what")}</th>
      <th>${t("evidence")}</th></tr></thead><tbody>${found.map(row)}</tbody></table>
      ${found.length ? "" : html`<p class="empty">${t("nothingHere")}</p>`}
      <p>${isEnd ? html`<span class="dim">${t("noOlder")}</span>` : step("older")}</p></section>
      ${letters(dead)}`;
  },
};

const step = (name) => html`<button type="button" id="${name}" data-do="${name}">${t(name)}</button>`;
const back = () => html`<p class="note">${t("pagedBack")} ${step("newest")}</p>`;
