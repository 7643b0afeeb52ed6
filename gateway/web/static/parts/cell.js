// A cell that says its column's name on a phone, and is left out there when it has nothing.
import {html} from "../html.js";

export function cell(name, content) {
  const isNone = content === null || content === undefined;
  return html`<td data-h="${name}" class="${isNone ? "none" : ""}">${isNone ? "–" : content}</td>`;
}
