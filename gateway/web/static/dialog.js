// What a person may do: each act asks for a name (and a reason), and tells what came of it. A subject
// that changed meanwhile is told in plain words, and nothing can be confirmed any more.
import {NoAnswer, ask} from "./ask.js";
import {clock} from "./format.js";
import {html} from "./html.js";
import {canSendAway} from "./parts/acts.js";
import {patch} from "./patch.js";
import {t, word} from "./words.js";

const box = document.getElementById("dialog");
const within = (id) => box.querySelector(`#${id}`);
let now = null;

const FORMS = {
  ack: {path: (id) => `/api/alarms/${id}/acknowledge`, reason: false},
  release: {path: (id) => `/api/holds/${id}/release`, reason: true},
  releasePallet: {path: (id) => `/api/pallets/${id}/release-holds`, reason: true},
  sendAway: {path: (id) => `/api/trucks/${id}/send-away`, reason: true},
};

// Who changed the subject, and when; null while the act still makes sense.
const CHANGED = {
  ack(state, id) {
    const one = state.picture.alarms.find((row) => row.alarm_id === id);
    if (!one) return async () => t("gone.alarm");
    if (one.cleared_at) return async () => t("gone.alarmAt", {at: clock(one.cleared_at)});
    const seen = {by: one.acknowledged_by, at: clock(one.acknowledged_at)};
    return one.acknowledged_by ? async () => t("gone.seen", seen) : null;
  },
  release(state, id) {
    const one = state.data?.holds?.find((row) => row.hold_id === id);
    return one?.lifted_at ? async () => lifted(one) : null;
  },
  releasePallet(state, id) {
    if (state.picture.held.some((row) => row.sscc === id)) return null;
    return async () => {
      const holds = (await ask(`/api/pallets/${id}`)).holds.filter((row) => row.lifted_at);
      holds.sort((a, b) => (a.lifted_at < b.lifted_at ? 1 : -1));
      return holds.length ? lifted(holds[0]) : t("gone.holds");
    };
  },
  sendAway(state, id) {
    const truck = state.picture.trucks.find((row) => row.truck_id === id);
    if (canSendAway(truck)) return null;
    return async () => {
      const away = (await ask(`/api/trucks/${id}`)).sent_away;
      if (away?.by) return t("gone.away", {by: away.by, at: clock(away.at)});
      return t("gone.truck", {state: word("truckState", truck?.state ?? "gone")});
    };
  },
};

const lifted = (one) => t("gone.hold", {by: one.lifted_by, at: clock(one.lifted_at)});

function form(kind, about) {
  const {reason} = FORMS[kind];
  const why = html`<label for="reason">${t("reason")}</label>
    <input id="reason" maxlength="1000" autocomplete="off" aria-describedby="said">`;
  return html`<form method="dialog" novalidate><h2 id="asked">${t(`act.${kind}`)}</h2><p><b>${about}</b></p>
    <p class="dim">${t(`act.${kind}.what`)}</p>
    <label for="by">${t("name")}</label>
    <input id="by" maxlength="64" autocomplete="name" aria-describedby="said"
    value="${localStorage.getItem("by") ?? ""}">${reason ? why : ""}
    <p id="said" class="bad" role="alert"></p>
    <menu><button type="button" id="no">${t("cancel")}</button>
    <button class="act" id="yes">${t("confirm")}</button></menu></form>`;
}

function open(button, state) {
  const {act: kind, id, about} = button.dataset;
  now = {kind, id, opener: button.id, isOver: false, hasReason: FORMS[kind].reason};
  patch(box, state.plan.is_writable ? form(kind, about) : refusal());
  within("no").addEventListener("click", () => box.close());
  box.querySelector("form").addEventListener("submit", submit);
  box.showModal();
  const name = within("by");
  (name?.value && within("reason") ? within("reason") : name ?? within("no")).focus();
  check(state);
}

function refusal() {
  return html`<form method="dialog"><p id="asked">${t("readonly")}</p>
    <menu><button type="button" id="no">${t("close")}</button></menu></form>`;
}

function say(text, field) {
  within("said").textContent = text ? `■ ${text}` : "";
  for (const one of ["by", "reason"]) within(one)?.setAttribute("aria-invalid", String(one === field));
  if (field) within(field).focus();
}

async function submit(event) {
  event.preventDefault();
  if (!now || now.isOver || !within("by")) return;
  const body = {by: within("by").value.trim()};
  if (now.hasReason) body.reason = within("reason").value.trim();
  if (!body.by) return say(t("needName"), "by");
  if (now.hasReason && !body.reason) return say(t("needReason"), "reason");
  localStorage.setItem("by", body.by);
  const mine = now;
  mine.isSending = true;
  within("yes").disabled = true;
  try {
    await ask(FORMS[mine.kind].path(encodeURIComponent(mine.id)), body);
    if (now === mine) box.close();
  } catch (failed) {
    if (now === mine) say(plain(failed));
  }
  mine.isSending = false;
  if (now === mine) within("yes").disabled = mine.isOver;
}

// The gateway's refusals in plain words; its own sentences name fields of the database.
const REFUSALS = [
  [/no open hold is there/, "error.holdGone"], [/put a \w+ hold on it/, "error.customs"],
  [/no such active alarm/, "error.alarmGone"], [/gate is opening/, "error.opening"],
  [/nothing to send away/, "error.truckGone"], [/only an outbound truck/, "error.inbound"],
  [/no such truck/, "error.truckGone"], [/read-only/, "readonly"],
];

export function plain(failed) {
  if (!(failed instanceof NoAnswer) || failed.status === 0) return t("error.link");
  const text = failed.problems.map((one) => one.message).join(" ");
  const known = REFUSALS.find(([pattern]) => pattern.test(text));
  return known ? t(known[1]) : t("error.other", {status: failed.status});
}

// After each picture: is what was asked still there?
async function check(state) {
  if (!now || now.isOver || now.isSending || !within("by")) return;
  const tell = CHANGED[now.kind](state, now.id);
  if (!tell) return;
  const mine = now;
  mine.isOver = true;
  within("yes").disabled = true;
  say(t("gone.any"));
  const text = await tell().catch(() => t("gone.any"));
  if (now === mine) say(text);
}

box.addEventListener("close", () => {
  const opener = now && document.getElementById(now.opener);
  now = null;
  (opener ?? document.getElementById("heading")).focus({preventScroll: true});
  box.replaceChildren();
});

export const dialog = {open, check};
