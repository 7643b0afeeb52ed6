// Small helpers: escaping by construction, ages, money, times.
export class Raw { constructor(text){ this.text = text; } toString(){ return this.text; } }
const escapes = {"&":"&amp;","<":"&lt;",">":"&gt;",'"':"&quot;","'":"&#39;"};
const safe = (value) => value instanceof Raw ? value.text : Array.isArray(value) ? value.map(safe).join("") : value === null || value === undefined || value === false ? "" : String(value).replace(/[&<>"']/g, (c) => escapes[c]);
export const html = (parts, ...values) => new Raw(parts.reduce((text, part, at) => text + part + (at < values.length ? safe(values[at]) : ""), ""));
export const age = (seconds) => seconds === null || seconds === undefined || seconds < 0 ? "–" : seconds < 90 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : seconds < 5400 ? `${Math.round(seconds/60)} min` : `${Math.round(seconds/3600)} h`;
export const clock = (text) => text ? new Date(text).toLocaleTimeString([], {hour:"2-digit",minute:"2-digit",second:"2-digit",hour12:false}) : "–";
export const hm = (text) => text ? new Date(text).toLocaleTimeString([], {hour:"2-digit",minute:"2-digit",hour12:false}) : "–";
export const when = (text) => html`<time datetime="${text}" title="${text} (UTC)">${clock(text)}</time>`;
export const money = (minor) => { const yuan = minor/100; return yuan >= 1e6 ? `¥ ${(yuan/1e6).toFixed(2)} M` : `¥ ${Math.round(yuan).toLocaleString("en-US")}`; };
export const short = (uri) => uri.startsWith("urn:epc:id:") ? uri.split(":").slice(-1)[0] : uri;
export const placeWord = (place) => place.replace(/^(location|dock|staging|vehicle|truck):/, "");
