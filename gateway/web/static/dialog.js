// What a person may do: each act asks for a name (and a reason), and tells what came of it. A subject
// that changed meanwhile is told in plain words, and nothing can be confirmed any more.
import {ask} from "./ask.js";
import {CHANGED, FORMS} from "./forms.js";
import {html} from "./html.js";
import {patch} from "./patch.js";
import {fieldOf, plain} from "./refusals.js";
import {t} from "./words.js";

const box = document.getElementById("dialog");
const within = (id) => box.querySelector(`#${id}`);
let now = null;

function form(kind, about, body) {
  const why = html`<label for="reason">${t("reason")}</label>
    <input id="reason" maxlength="1000" autocomplete="off" aria-describedby="said">`;
  return html`<form method="dialog" novalidate><h2 id="asked">${t(`act.${kind}`)}</h2><p><b>${about}</b></p>
    <p class="dim">${t(`act.${kind}.what`)}</p>${body}
    <label for="by">${t("name")}</label>
    <input id="by" maxlength="64" autocomplete="name" aria-describedby="said"
    value="${localStorage.getItem("by") ?? ""}">${FORMS[kind].hasReason ? why : ""}
    <p id="said" class="bad" role="alert"></p>
    <menu><button type="button" id="no">${t("cancel")}</button>
    <button class="act" id="yes">${t("confirm")}</button></menu></form>`;
}

// A text that may be mended; bytes that are no text go as they are, unless something is written.
function bodyField(text) {
  return html`<label for="body">${t("letterBody")}</label>
    <textarea id="body" class="mono" rows="8" spellcheck="false" maxlength="60000" aria-describedby="said">
${text ?? ""}</textarea>${text === null ? html`<p class="note">${t("noText")}</p>` : ""}`;
}

async function open(button, state) {
  const {act: kind, id, about} = button.dataset;
  const asks = FORMS[kind];
  const mine = {kind, id, opener: button.id, isOver: false};
  now = mine;
  let body = "";
  let failed = null;
  if (asks.body && state.plan.is_writable) {
    await asks.body(id).then((text) => { body = bodyField(text); }, (error) => { failed = error; });
  }
  if (now !== mine || box.open) return;
  patch(box, state.plan.is_writable ? form(kind, about, body) : refusal());
  mine.text = within("body")?.value;
  within("no").addEventListener("click", () => box.close());
  box.querySelector("form").addEventListener("submit", submit);
  box.showModal();
  const name = within("by");
  (within("body") ?? (name?.value && within("reason") ? within("reason") : name ?? within("no"))).focus();
  if (!failed) return check(state);
  mine.isOver = true;
  within("yes").disabled = true;
  say(plain(failed));
}

function refusal() {
  return html`<form method="dialog"><p id="asked">${t("readonly")}</p>
    <menu><button type="button" id="no">${t("close")}</button></menu></form>`;
}

// What is wrong stands below its field, or above the buttons.
function say(text, field) {
  const said = within("said");
  const at = field && within(field);
  if (at) at.after(said);
  else box.querySelector("menu").before(said);
  said.textContent = text ? `■ ${text}` : "";
  for (const one of ["by", "reason", "body"]) {
    within(one)?.setAttribute("aria-invalid", String(one === field));
  }
  if (at) at.focus();
}

async function submit(event) {
  event.preventDefault();
  if (!now || now.isOver || !within("by")) return;
  const mine = now;
  const asks = FORMS[mine.kind];
  const body = {by: within("by").value.trim(), ...asks.more?.(mine.id)};
  if (asks.hasReason) body.reason = within("reason").value.trim();
  if (within("body") && within("body").value !== mine.text) body.body = within("body").value;
  if (!body.by) return say(t("needName"), "by");
  if (asks.hasReason && !body.reason) return say(t("needReason"), "reason");
  localStorage.setItem("by", body.by);
  mine.isSending = true;
  within("yes").disabled = true;
  try {
    await ask(asks.path(mine.id), body);
    if (now === mine) box.close();
  } catch (failed) {
    if (now === mine) say(plain(failed), fieldOf(failed));
  }
  mine.isSending = false;
  if (now === mine) within("yes").disabled = mine.isOver;
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
