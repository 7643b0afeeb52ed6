// What each act asks a person for, where it is sent, and when there is nothing left to do.
import {ask} from "./ask.js";
import {clock} from "./format.js";
import {canSendAway} from "./parts/acts.js";
import {t, word} from "./words.js";

const api = (parts, ...ids) => parts.reduce((path, part, at) => {
  return path + part + (at < ids.length ? encodeURIComponent(ids[at]) : "");
}, "");

// A decision about a chain: its id is "edge" or "edge boot".
function chain(verb) {
  return {
    path: (id) => api`/api/edges/${id.split(" ")[0]}/custody`,
    more: (id) => ({verb, boot: id.split(" ")[1] ?? ""}),
    hasReason: true,
  };
}

export const FORMS = {
  ack: {path: (id) => api`/api/alarms/${id}/acknowledge`},
  release: {path: (id) => api`/api/holds/${id}/release`, hasReason: true},
  releasePallet: {path: (id) => api`/api/pallets/${id}/release-holds`, hasReason: true},
  sendAway: {path: (id) => api`/api/trucks/${id}/send-away`, hasReason: true},
  adopt: chain("adopt"),
  stop: chain("stop"),
  settle: chain("settle"),
  replay: {
    path: (id) => api`/api/dead-letters/${id}/replay`,
    hasReason: true,
    body: async (id) => (await ask(api`/api/dead-letters/${id}`)).body,
  },
  discard: {path: (id) => api`/api/dead-letters/${id}/discard`, hasReason: true},
  allow: {path: (id) => api`/api/edges/${id}/dead-letters/allow`, hasReason: true},
};

const lifted = (one) => t("gone.hold", {by: one.lifted_by, at: clock(one.lifted_at)});

function decided(verb) {
  return (state, id) => {
    const [edge, boot] = id.split(" ");
    const one = state.data?.edges?.find((row) => row.edge === edge);
    if (!one) return null;
    const box = one.boxes.find((row) => row.boot === boot);
    const isOpen = one.decide.includes(verb) && (!boot || !box || box.mode !== AFTER[verb]);
    return isOpen ? null : async () => t("gone.chain");
  };
}
const AFTER = {adopt: "following", stop: "stopped"};

function settled(state, id) {
  const one = state.data?.letters?.find((row) => String(row.letter_id) === id);
  if (!one?.how) return null;
  return async () => t("gone.letter", {by: one.by, how: word("how", one.how), at: clock(one.settled_at)});
}

// Who changed the subject, and when; null while the act still makes sense.
export const CHANGED = {
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
  adopt: decided("adopt"),
  stop: decided("stop"),
  settle: decided("settle"),
  replay: settled,
  discard: settled,
  allow(state, id) {
    const isOn = state.picture.alarms.some((one) => {
      return one.definition === "dead-letter-flood" && one.subject === id && !one.cleared_at;
    });
    return isOn ? null : async () => t("gone.alarm");
  },
};
