// Buttons for what a person may do. One button for one act on a page: `state.drawn` remembers.
import {html, nothing} from "../html.js";
import {t} from "../words.js";

export function act(state, kind, id, about) {
  const key = `${kind}-${id}`;
  if (state.drawn.has(key)) return nothing;
  state.drawn.add(key);
  return html`<button type="button" class="act" id="${key}" data-act="${kind}" data-id="${id}"
    data-about="${about}">${t(`act.${kind}`)}</button>`;
}

const CAN_LEAVE = new Set(["docked", "loading", "loaded", "refused"]);

export const canSendAway = (truck) => truck?.purpose === "outbound" && CAN_LEAVE.has(truck.state);

// The button stands where the gate refuses; elsewhere sending away is no everyday act.
export function sendAway(state, truck) {
  if (truck?.state !== "refused") return nothing;
  return act(state, "sendAway", truck.truck_id, truck.plate);
}

// What an authority outside the house placed, only that one lifts.
export function isForeign(hold) {
  return hold.kind === "customs" || (hold.kind === "security" && !hold.placed_by.startsWith("rule:"));
}

export function releaseHolds(state, row) {
  if (isForeign(row)) return html`<span class="dim">${t("customsOnly")}</span>`;
  return act(state, "releasePallet", row.sscc, t("aboutPallet", {sscc: row.sscc, count: row.cartons_count}));
}
