// Dead letters: what nothing could be made of, and what a person decided about each.
import {ask} from "../ask.js";
import {html, nothing} from "../html.js";
import {when} from "../format.js";
import {t, word} from "../words.js";
import {alarmWords} from "../parts/alarms.js";
import {act} from "../parts/acts.js";
import {choice} from "../parts/filters.js";

// As in gateway/web/reads.py: the list has no more of a body. A short one is shown at once.
const CUT_BYTES = 300;
const SHORT_BYTES = 120;

// As in gateway/replay.py: anything else was for its moment.
function canReplay(topic) {
  const plane = topic.split("/")[4];
  return plane === "tlm" || plane === "evt" || topic.includes("/request/");
}

function decision(one) {
  const facts = {how: word("how", one.how), by: one.by, reason: one.settled_reason ?? "–"};
  return html`<p class="do">${t("letterDecided", facts)}
    <span class="age">${when(one.settled_at)}</span></p>`;
}

function buttons(state, one) {
  const about = t("aboutLetter", {id: one.letter_id, topic: one.topic});
  const replay = canReplay(one.topic) ? act(state, "replay", one.letter_id, about) : nothing;
  return html`${replay}${act(state, "discard", one.letter_id, about)}`;
}

function body(one) {
  const text = one.bytes_count ? one.body : t("emptyBody");
  const cut = one.bytes_count > CUT_BYTES ? " …" : "";
  return html`<pre class="mono wrap" lang="en">${text}${cut}</pre>`;
}

function letter(state, one) {
  const reason = word("letter", one.reason);
  return html`<article class="alarm ${one.how ? "cleared" : ""}" data-key="letter-${one.letter_id}">
    <span class="sym warning" role="img" aria-label="${t("letter")}">!</span>
    <div class="told"><b>${reason}</b> <span class="dim">${t("letterId", {id: one.letter_id})}</span>
    <span class="age">${when(one.at)} · ${one.bytes_count} B</span>
    <p class="mono wrap" lang="en">${one.topic}</p>
    <p class="wrap" lang="en">${one.detail.replace(/^: /, "")}</p>
    ${one.bytes_count > SHORT_BYTES ? html`<details data-key="body"><summary>${t("letterBody")}</summary>
    ${body(one)}</details>` : body(one)}
    ${one.how ? decision(one) : ""}</div>
    <div class="acts">${one.how ? "" : buttons(state, one)}</div></article>`;
}

function flood(state, one) {
  const about = t("aboutFlood", {edge: one.subject});
  return html`<article class="alarm" data-key="flood-${one.subject}">
    <span class="sym critical" role="img" aria-label="${word("severity", "critical")}">!</span>
    <div class="told"><b>${alarmWords(state, one).title}</b> ${t("edge")} ${one.subject}
    <span class="age">${t("since")} ${when(one.since)}</span>
    <p>${alarmWords(state, one).consequence}</p></div>
    <div class="acts">${act(state, "allow", one.subject, about)}</div></article>`;
}

function floods(state) {
  const active = state.picture.alarms.filter((one) => {
    return one.definition === "dead-letter-flood" && !one.cleared_at;
  });
  if (!active.length) return nothing;
  return html`<section class="wide" id="floods"><h2 tabindex="-1">${t("floods")}</h2>
    ${active.map((one) => flood(state, one))}</section>`;
}

function list(state, all) {
  const open = all.filter((one) => !one.how);
  const isAll = state.filters.lettersShown !== "open";
  const shown = isAll ? all : open;
  const none = isAll ? t("noDead") : t("noOpenLetters");
  return html`<section class="wide" id="list"><h2 tabindex="-1">${t("lettersOpen", {count: open.length})}</h2>
    <div class="filters">${choice(state, "lettersShown", t("lettersShown"), [
    ["all", t("lettersAll", {count: all.length})], ["open", t("lettersUndecided")],
  ])}</div><p class="note">${t("lettersAbout")}</p>
    ${shown.map((one) => letter(state, one))}
    ${shown.length ? "" : html`<p class="empty">${none}</p>`}</section>`;
}

export const letters = {
  every: 2,
  tab: "events",
  load: async () => ({letters: (await ask("/api/dead-letters")).dead_letters}),

  draw(state) {
    const all = state.data?.letters;
    if (!all) return html`<section class="wide"><p class="empty">
      ${state.failed ? t("noAnswer") : t("loading")}</p></section>`;
    return html`${floods(state)}${list(state, all)}`;
  },
};
