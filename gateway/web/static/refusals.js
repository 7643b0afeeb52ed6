// The gateway's refusals in plain words, and the field that each is about; its own sentences name
// fields of the database.
import {NoAnswer} from "./ask.js";
import {t} from "./words.js";

const REFUSALS = [
  [/no open hold is there/, "error.holdGone"], [/put a \w+ hold on it/, "error.customs"],
  [/no such active alarm/, "error.alarmGone"], [/gate is opening/, "error.opening"],
  [/nothing to send away/, "error.truckGone"], [/only an outbound truck/, "error.inbound"],
  [/no such truck/, "error.truckGone"], [/read-only/, "readonly"],
  [/nothing to adopt/, "error.follows"], [/stopped already/, "error.stopped"],
  [/keeps no rows of it aside/, "error.noFork"], [/not heard since our start/, "error.boxGone"],
  [/no such box is heard/, "error.boxGone"], [/boxes are heard/, "error.boxWhich"],
  [/no such dead letter|no dead letter/, "error.letterGone"],
  [/letter_id .*: (?:replayed|discarded) by/, "error.letterDone"],
  [/it was for its moment/, "error.letterMoment"],
  [/no dead row of a chain|its topic is no/, "error.letterTopic"],
];

export function plain(failed) {
  if (!(failed instanceof NoAnswer) || failed.status === 0) return t("error.link");
  const text = failed.problems.map((one) => one.message).join(" ");
  const known = REFUSALS.find(([pattern]) => pattern.test(text));
  if (known) return t(known[1]);
  if (fieldOf(failed) === "body") return t("error.body", {what: inside(failed.problems[0])});
  return t("error.other", {status: failed.status});
}

// "/body/lines/0" is the field "body".
export function fieldOf(failed) {
  const name = failed.problems?.[0]?.field?.split("/")[1];
  return ["by", "reason", "body"].includes(name) ? name : "";
}

// Where in the body, and what is wrong there, without the bytes that the person sees above.
function inside(one) {
  const where = one.field.split("/").slice(2).join("/");
  const what = one.message.replace(/^body\S* (?:'.*?'|".*?"): /s, "");
  return where ? `/${where}: ${what}` : what;
}
