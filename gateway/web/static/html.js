// Markup that is escaped by construction: what stands in ${} is text, unless html made it.

export class Raw {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

const ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"};

function safe(value) {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return value.map(safe).join("");
  if (value === null || value === undefined || value === false) return "";
  return String(value).replace(/[&<>"']/g, (sign) => ESCAPES[sign]);
}

export function html(parts, ...values) {
  const joined = parts.reduce((text, part, at) => {
    return text + part + (at < values.length ? safe(values[at]) : "");
  }, "");
  return new Raw(joined);
}

export const nothing = new Raw("");

// A list with commas between, of markup or text.
export function joined(list, between = ", ") {
  return list.map((one, at) => (at ? html`${between}${one}` : html`${one}`));
}
