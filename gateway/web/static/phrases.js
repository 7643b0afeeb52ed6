// What the gateway writes in English, recognised, so that it can be said in the page's language.
// Each row: the key of the sentence (p.KEY), and the text with its facts as named groups.

const PHRASES = [
  // The gate rule (gateway/dispatch/gate.py)
  ["no_edge", /^no edge watches the route$/],
  ["edge_silent", /^edge (?<edge>\S+) (?:has not been heard for 5 s|is not heard)$/],
  ["edge_behind", /^edge (?<edge>\S+) has events that are not yet applied$/],
  ["edge_forked", /^edge (?<edge>\S+) (?:has two histories|sent rows of another history)$/],
  ["edge_strange", /^the ledger has nothing in common with edge (?<edge>\S+)$/],
  ["edge_strange", /^edge (?<edge>\S+) keeps nothing that the ledger knows$/],
  ["edge_mode", /^the custody chain of edge (?<edge>\S+) is (?<mode>\w+), not following the ledger$/],
  ["edge_lacks", /^edge (?<edge>\S+) lacks rows that the ledger has of it$/],
  ["edge_cloned", /^two boxes speak as edge (?<edge>\S+)$/],
  ["edge_stopped", /^the box of edge (?<edge>\S+) was stopped by a person$/],
  ["edge_flood", /^too much of what edge (?<edge>\S+) sends is unusable$/],
  ["ledger_twin", /^another database with our ledger's id is at work$/],
  ["ledger_twin", /^a gateway of our ledger's id told of another journal$/],
  ["edge_full", /^(?:the outbox of )?edge (?<edge>\S+) (?:is full|can keep no further events)$/],
  ["foreign_ledger", /^a gateway of ledger (?<ledger>\S+) is on this broker$/],
  ["not_released", /^customs has not released it \(duty status (?<status>\w+)\)$/],
  ["not_bound", /^it is not bound to this truck's gate passport$/],
  ["has_holds", /^it has (?<count>\d+) open hold\(s\)$/],
  ["not_passed", /^it is on the passport, but the portal did not see it pass$/],
  ["not_on_passport", /^it passed the portal, but is not on the passport$/],
  ["no_passport", /^the truck has no gate passport$/],
  ["passport_not", /^gate passport (?<passport>\S+) is (?<state>\w+), not approved$/],
  ["plate_none", /^the camera read no plate, the papers say (?<plate>.+)$/],
  ["plate_other", /^the camera read (?<seen>.+), the papers say (?<plate>.+)$/],
  ["weight_awaited", /^the weighbridge has not settled since the last carton passed$/],
  ["weight_other", /^the weighbridge says (?<kg>\S+) kg, expected (?<wanted>\S+) kg ± (?<allowed>\S+) kg$/],
  // What blocks an order (dispatch/blocking.py, customs, ledger/documents.py)
  ["stock_held", /^not in stock: (?<goods_id>[^,]+), (?<count>\d+) carton\(s\); (?<more>\d+) on hold$/],
  ["stock_coming",
    /^not in stock: (?<goods_id>[^,]+), (?<count>\d+) carton\(s\); (?<more>\d+) announced or at the dock$/],
  ["stock_none", /^not in stock: (?<goods_id>[^,]+), (?<count>\d+) carton\(s\)$/],
  ["waits_goods", /^waits for goods to arrive: (?<count>\d+) cartons of (?<goods_id>[^,]+)$/],
  ["waits_goods_more", /^waits for goods to arrive: .+$/],
  ["waits_paper", /^waits for its (?<document>payment|waybill)$/],
  ["paper_other", /^its (?<document>payment|waybill) disagrees: .+$/],
  ["waits_customs", /^waits for customs to release it$/],
  ["customs_refused", /^customs refused it: (?<code>\d+)$/],
  ["customs_looks", /^(?<said>\w+) by customs: receipt (?<code>\d+)$/],
  ["customs_after", /^customs receipt (?<code>\d+)(?: after the release)?$/],
  ["to_pick", /^(?<count>\d+) of (?<all>\d+) cartons still to be picked$/],
  ["to_load", /^(?<count>\d+) of (?<all>\d+) cartons still to be loaded$/],
  ["waits_truck", /^waits for a truck of (?<carrier>\S+)$/],
  ["waits_passport", /^waiting for customs to approve the gate passport$/],
  ["held", /^(?<hold>\w+) hold on (?<count>\d+) carton\(s\)$/],
  ["sent_away", /^truck (?<truck_id>\S+) was sent away by (?<by>.+?): (?<reason>.+)$/],
  ["gate_unit", /^gate: (?<why>.+) \((?<unit>urn:\S+)\)$/],
  ["gate", /^gate: (?<why>.+)$/],
  // Receiving (ledger/receiving.py)
  ["weighs",
    /^weighs (?<kg>\d+) g, noticed (?<wanted>\d+) g: (?<off>[+-]\d+) g, allowed ±(?<allowed>\d+) g$/],
  ["tags_missing", /^(?<count>\d+) of (?<all>\d+) noticed tags were not read: (?<units>.+)$/],
  ["tags_extra", /^(?<count>\d+) tags are not in the notice: (?<units>.+)$/],
  ["label_missing", /^the pallet's own tag \d+ was not read$/],
  ["guarantee_short", /^its duty of (?<amount>\d+) would raise the duty at risk of book .+$/],
  ["portal_nobody", /^passed the portal of (?<dock>\S+) outwards while no truck stood there$/],
  // Alarms (gateway/alarms)
  ["device_silent", /^(?<device>\S+) of edge (?<edge>\S+): (?<last>.+)$/],
  ["vehicle_silent", /^vehicle (?<vehicle>\S+) is not heard$/],
  ["vehicle_unknown", /^vehicle (?<vehicle>\S+) is not in the site$/],
  ["air_unknown", /^zone (?<zone>\S+) has no fresh good temperature$/],
  ["air_out",
    /^(?:climate excursion of )?zone (?<zone>\S+): (?<c>\S+) °C, allowed (?<low>\S+) to (?<high>\S+) °C$/],
  ["letters", /^(?<count>\d+) message\(s\) in 5 min; the last: (?<last>\S+) on (?<topic>.+)$/],
  ["unproven",
    /^(?<vehicle>\S+) loaded (?<unit>\S+) onto (?<truck_id>\S+), but the portal did not see it pass$/],
  ["no_place", /^pallet (?<sscc>\d+) waits: no free location fits it$/],
  ["orders_late", /^(?<count>\d+) order\(s\) not loaded; first (?<order_id>\S+), cut-off (?<at>\S+)$/],
  ["guarantee_used", /^book (?<book>\S+): (?<part>\d+)% used$/],
  ["restarted", /^(?<process>\S+) was restarted \(last exit: (?<last>.*)\)$/],
  ["task_failed",
    /^(?<vehicle>\S+) could not (?<what>pick|drop) (?<subject>\S+) \((?<source>\S+) to (?<target>\S+)\)$/],
  ["left_unasked", /^the exit beam of (?<dock>\S+) was broken, but .+$/],
  ["no_answer", /^(?:unit \d+ did not answer within \S+ s|no answer|Modbus Error: .*No response.*)$/],
  ["no_answer_from", /^no answer from (?<where>\S+) within (?<seconds>\S+) s$/],
  ["says_no", /^unit (?<unit>\d+) answers with exception (?<code>\d+): .+$/],
  ["bad_sum", /^unit (?<unit>\d+): no frame with a good CRC in .+$/],
  ["two_answer", /^(?:unit \d+: .+ follows the answer|it speaks unasked): two devices on one address\?$/],
  ["other_answers", /^unit (?<other>\d+) answers for unit (?<unit>\d+): .+$/],
  ["never_silent", /^the line is never silent: .+$/],
  ["exit_signal", /^ended by signal (?<signal>\w+)$/],
  ["exit_code", /^(?:exit )?code (?<code>-?\d+)$/],
  // What the simulated shift lead gives as a reason (firmware_sims/lead.py)
  ["lead_unload", /^refused at the gate: unload, and leave empty$/],
  ["lead_counted", /^counted and weighed by hand$/],
  ["lead_probe", /^probe in the core: within limits$/],
];

const GRAMS = new Set(["weighs"]);

export function phraseOf(text) {
  for (const [say, pattern] of PHRASES) {
    const found = pattern.exec(text);
    if (found) return {say, ...found.groups, ...(GRAMS.has(say) ? kilograms(found.groups) : {})};
  }
  return null;
}

function kilograms(grams) {
  return Object.fromEntries(Object.entries(grams).map(([name, value]) => {
    const kg = (Number(value) / 1000).toFixed(1);
    return [name, name === "off" && value.startsWith("+") ? `+${kg}` : kg];
  }));
}

// The parts of an alarm's text: "pallet S: fault; fault", "truck P: why; why", or one sentence.
export function partsOf(text) {
  const faults = /^(?:pallet \d+|truck [^:]+): (.+)$/.exec(text);
  if (!faults || phraseOf(text)) return [text];
  return faults[1].split("; ");
}

// "why (urn:…)" names the carton last.
export function splitUnit(text) {
  const found = /^(.*) \((urn:\S+)\)$/.exec(text);
  return found ? {why: found[1], unit: found[2]} : {why: text, unit: ""};
}
