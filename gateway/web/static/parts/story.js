// A story: sentences in order of time, newest first, with the journal's entries as evidence.
import {html} from "../html.js";
import {when} from "../format.js";
import {say} from "../say.js";
import {t} from "../words.js";

export function evidence(cause, entries, key) {
  return html`<details class="evidence" data-key="${key}"><summary>${t("evidence")}</summary>
    <p class="mono">${cause}${entries.map((one) => html`<br>#${one.n} ${one.kind}
    ${one.hash.slice(0, 16)}…`)}</p>
    </details>`;
}

function item(one) {
  const key = `story-${one.entries[0].n}`;
  return html`<li data-key="${key}"><span class="at">${when(one.at)}</span>
    <div class="told">${one.says.map((saying) => html`<p>${say(saying)}</p>`)}
    ${evidence(one.cause, one.entries, key + "-evidence")}</div></li>`;
}

export function story(items) {
  if (!items.length) return html`<p class="empty">${t("noStory")}</p>`;
  return html`<ol class="story">${items.map(item)}</ol>`;
}
