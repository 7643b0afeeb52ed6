// The facts of one thing as a list of terms, and its page's two columns.
import {html} from "../html.js";

export function facts(rows) {
  const shown = rows.filter((row) => row && row[1] !== "" && row[1] !== null && row[1] !== undefined);
  return html`<dl class="facts">${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd>
    </div>`)}</dl>`;
}

export function box(id, title, body, wide = false) {
  return html`<section id="${id}" class="${wide ? "wide" : ""}">
    <h2 tabindex="-1">${title}</h2>${body}</section>`;
}
