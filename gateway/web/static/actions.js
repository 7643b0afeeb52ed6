// What a person may do: each act asks for a name (and a reason), and tells what came of it.
import {t} from "./words.js";
import {html} from "./html.js";
const dialog = document.getElementById("dialog");

export function actions(button, state){
  const kind = button.dataset.act, id = button.dataset.id;
  if (!state.plan.is_writable) return tell(t("readonly"));
  const forms = {
    ack: {title:t("ack"), path:`/api/alarms/${encodeURIComponent(id)}/acknowledge`, reason:false},
    release: {title:t("release"), path:`/api/holds/${encodeURIComponent(id)}/release`, reason:true},
    releasePallet: {title:t("release"), path:`/api/pallets/${encodeURIComponent(id)}/release-holds`, reason:true},
    sendAway: {title:t("sendAway"), path:`/api/trucks/${encodeURIComponent(id)}/send-away`, reason:true},
  };
  ask(forms[kind], button.dataset.about ?? id);
}
function ask(form, about){
  dialog.innerHTML = String(html`<form method="dialog"><b>${form.title}</b><p class="dim">${about}</p><label for="by">${t("name")}</label><input id="by" maxlength="64" required value="${localStorage.getItem("by") ?? ""}">
    ${form.reason ? html`<label for="reason">${t("reason")}</label><input id="reason" maxlength="1000" required>` : ""}<p id="said" class="bad" role="alert"></p><menu><button type="button" id="no">${t("cancel")}</button><button class="act" id="yes">${t("confirm")}</button></menu></form>`);
  dialog.querySelector("#no").addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault(); const by = dialog.querySelector("#by").value.trim(), body = {by}; localStorage.setItem("by", by);
    if (form.reason) body.reason = dialog.querySelector("#reason").value.trim();
    dialog.querySelector("#yes").disabled = true;
    try { const answer = await fetch(form.path, {method:"POST", headers:{"Content-Type":"application/json"}, body:JSON.stringify(body)}); const told = await answer.json();
      if (answer.ok) dialog.close(); else dialog.querySelector("#said").textContent = told.problems.map((p) => p.message).join("; ");
    } catch { dialog.querySelector("#said").textContent = t("lostLong"); }
    if (dialog.open) dialog.querySelector("#yes").disabled = false;
  });
  dialog.showModal(); dialog.querySelector(localStorage.getItem("by") && form.reason ? "#reason" : "#by").focus();
}
function tell(text){ dialog.innerHTML = String(html`<form method="dialog"><p>${text}</p><menu><button>OK</button></menu></form>`); dialog.showModal(); }
