// Fields that narrow a list; main.js keeps their values in state.filters and draws again.
import {html} from "../html.js";

export function field(state, name, label) {
  return html`<input type="search" id="filter-${name}" data-filter="${name}" maxlength="64"
    placeholder="${label}"
    aria-label="${label}" value="${state.filters[name] ?? ""}">`;
}

export function select(state, name, all, options) {
  const held = state.filters[name] ?? "";
  return html`<select id="filter-${name}" data-filter="${name}" aria-label="${all}">
    <option value="">${all}</option>${options.map(([value, text]) => option(value, text, held))}</select>`;
}

export function choice(state, name, label, options) {
  const held = state.filters[name] ?? options[0][0];
  return html`<select id="filter-${name}" data-filter="${name}" aria-label="${label}">
    ${options.map(([value, text]) => option(value, text, held))}</select>`;
}

function option(value, text, held) {
  return value === held
    ? html`<option value="${value}" selected>${text}</option>`
    : html`<option value="${value}">${text}</option>`;
}

export function isMatch(text, ...words) {
  const wanted = (text ?? "").trim().toLowerCase();
  return !wanted || words.some((one) => String(one ?? "").toLowerCase().includes(wanted));
}
