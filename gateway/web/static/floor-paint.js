// The still layer of the floor map: zones, racks by duty status, docks, staging lanes.
import {word} from "./words.js";

export function paintFloor(view, plan, picture) {
  const places = new Map(picture.places.map((one) => [one.place, one]));
  for (const zone of plan.zones) paintZone(view, plan, zone, picture.climate);
  for (const one of plan.locations) paintRack(view, one, places.get(`location:${one.id}`));
  for (const one of plan.docks) paintDock(view, one, picture, places.get(`dock:${one.id}`));
  for (const one of plan.stagings) paintStaging(view, one, places.get(`staging:${one.id}`));
}

function paintZone({g, c, x, y, scale, isNarrow}, plan, zone, climate) {
  const mine = plan.locations.filter((one) => one.zone === zone);
  if (!mine.length) return;
  const air = climate.find((one) => one.zone === zone);
  const out = Boolean(air?.is_out) && !air.is_stale;
  const xs = mine.map((one) => one.x_m);
  const ys = mine.map((one) => one.y_m);
  const [x0, x1] = [Math.min(...xs) - 1.6, Math.max(...xs) + 1.6];
  const [y0, y1] = [Math.min(...ys) - 1.9, Math.max(...ys) + 2.3];
  g.strokeStyle = out ? c.crit : c.line;
  g.lineWidth = out ? 2 : 1;
  g.setLineDash(out ? [6, 4] : []);
  g.strokeRect(x(x0), y(y0), (x1 - x0) * scale, (y1 - y0) * scale);
  g.setLineDash([]);
  const degrees = air?.temperature_c === undefined ? "–" : `${air.temperature_c.toFixed(1)} °C`;
  const text = `${out ? "■ " : ""}${word("zone", zone)} ${degrees}${air?.is_stale ? " ?" : ""}`;
  g.fillStyle = out ? c.crit : c.dim;
  g.fillText(text, x(x0) + (isNarrow ? 0 : 6), y(y1) + (isNarrow ? 9 : -8));
}

// A rack is filled by shares: in bond, sold, released by customs. A hold crosses it out.
function paintRack({g, c, x, y, scale}, one, here) {
  const [w, h] = [1.05 * scale, 1.25 * scale];
  const left = x(one.x_m) - w + (one.level - 1) * (w + 1);
  const top = y(one.y_m) - h / 2;
  g.fillStyle = c.rack;
  g.fillRect(left, top, w, h);
  if (!here) return;
  const all = here.cartons_count;
  let from = top + h;
  const bond = all - here.sold_count - here.released_count;
  for (const [count, colour] of [[bond, c.bond], [here.sold_count, c.sold], [here.released_count, c.rel]]) {
    const part = (h * count) / all;
    g.fillStyle = colour;
    g.fillRect(left, from - part, w, part);
    from -= part;
  }
  if (here.held_count > 0) cross(g, c, left, top, w, h);
}

function cross(g, c, left, top, w, h) {
  g.strokeStyle = c.high;
  g.lineWidth = 2;
  g.strokeRect(left + 1, top + 1, w - 2, h - 2);
  g.beginPath();
  g.moveTo(left + 3, top + h - 3);
  g.lineTo(left + w - 3, top + 3);
  g.stroke();
}

function paintDock({g, c, x, y, scale, isNarrow}, dock, picture, here) {
  const truck = picture.trucks.find((one) => one.dock === dock.id
    && !["gone", "expected"].includes(one.state));
  const bad = truck?.state === "refused";
  const outward = dock.purpose === "outbound";
  const [left, top] = [x(dock.x_m), y(dock.y_m)];
  g.fillStyle = bad ? c.high : truck ? c.sold : c.rack;
  g.fillRect(outward ? left + 4 : left - 14, top - 1.6 * scale, 10, 3.2 * scale);
  g.fillStyle = bad ? c.high : c.dim;
  g.textAlign = outward ? "right" : "left";
  const side = outward ? (isNarrow ? 14 : -2) : isNarrow ? -14 : 2;
  g.fillText(`${bad ? "▲ " : ""}${dock.id}`, left + side, top - (isNarrow ? 1.6 * scale + 9 : 1.3 * scale));
  if (truck && !isNarrow) g.fillText(truck.plate, left + (outward ? -2 : 2), top + 1.4 * scale);
  g.textAlign = "left";
  if (!here) return;
  g.fillStyle = here.held_count > 0 ? c.high : c.bond;
  g.fillRect(left, top - 0.5 * scale, scale, scale);
}

function paintStaging({g, c, x, y, scale, isNarrow}, lane, here) {
  const [left, top] = [x(lane.x_m) - 1.4 * scale, y(lane.y_m) - 1.6 * scale];
  const count = here?.cartons_count ?? 0;
  g.strokeStyle = c.line;
  g.lineWidth = 1;
  g.strokeRect(left, top, 2.8 * scale, 3.2 * scale);
  g.fillStyle = here?.held_count > 0 ? c.high : c.rel;
  for (let i = 0; i < Math.min(12, count); i += 1) {
    const [column, row] = [i % 4, Math.floor(i / 4)];
    g.fillRect(left + 4 + column * 0.64 * scale, top + 4 + row * 0.72 * scale, 0.5 * scale, 0.56 * scale);
  }
  g.fillStyle = c.dim;
  const text = isNarrow ? String(count) : `${lane.id} · ${count}`;
  g.fillText(text, left, isNarrow ? top + 3.2 * scale + 9 : top - 8);
}
