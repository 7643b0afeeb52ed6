// Ages, times, money and masses as people read them.
import {html} from "./html.js";
import {language, t} from "./words.js";

export function age(seconds) {
  if (seconds === null || seconds === undefined || seconds < 0) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} ${t("u.s")}`;
  if (seconds < 90) return `${Math.round(seconds)} ${t("u.s")}`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} ${t("u.min")}`;
  return `${Math.round(seconds / 3600)} ${t("u.h")}`;
}

// An age that goes on growing between pictures, and when there are none any more.
export function growing(seconds) {
  if (seconds === null || seconds === undefined || seconds < 0) return html`–`;
  return html`<span class="grows" data-age="${seconds}">${age(seconds)}</span>`;
}

const CLOCK = {hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false};
const MINUTE = {hour: "2-digit", minute: "2-digit", hour12: false};

export const clock = (text) => (text ? new Date(text).toLocaleTimeString([], CLOCK) : "–");
export const minute = (text) => (text ? new Date(text).toLocaleTimeString([], MINUTE) : "–");

export function when(text) {
  if (!text) return html`–`;
  return html`<time datetime="${text}" title="${text} (UTC)">${day(text)}${clock(text)}</time>`;
}

// The date of an instant that is not of today.
function day(text) {
  const then = new Date(text);
  if (then.toDateString() === new Date().toDateString()) return "";
  return `${then.toLocaleDateString(language() === "zh" ? "zh-CN" : "en-GB")} `;
}

export function left(until, at) {
  const minutes = Math.floor((new Date(until) - new Date(at)) / 60_000);
  const span = spanOf(Math.abs(minutes));
  if (minutes < 0) return html`<span class="high">▲ ${t("late", {span})}</span>`;
  return html`<span class="${minutes < 10 ? "high" : "dim"}">${t("left", {span})}</span>`;
}

export function spanOf(minutes) {
  if (minutes < 90) return `${minutes} ${t("u.min")}`;
  return `${(minutes / 60).toFixed(1)} ${t("u.h")}`;
}

// Money comes in the currency's minor unit.
export function money(minor) {
  const yuan = minor / 100;
  if (Math.abs(yuan) >= 1e6) return `¥ ${(yuan / 1e6).toFixed(2)} M`;
  if (Math.abs(yuan) >= 1e4 || Number.isInteger(yuan)) return `¥ ${Math.round(yuan).toLocaleString("en-US")}`;
  return `¥ ${yuan.toLocaleString("en-US", {minimumFractionDigits: 2, maximumFractionDigits: 2})}`;
}

export function mass(grams) {
  if (grams === null || grams === undefined) return "–";
  const kg = grams / 1000;
  return `${kg.toLocaleString("en-US", {maximumFractionDigits: 1})} kg`;
}

export const count = (number) => Number(number).toLocaleString("en-US");

export const short = (uri) => {
  return uri.startsWith("urn:epc:id:") ? uri.split(":").at(-1) : uri;
};
