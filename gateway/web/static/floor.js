// The floor map on a canvas: locations, docks, staging, vehicles that glide between reports.
const COLOURS = ["--rack","--s1","--s2","--s3","--move","--warn","--high","--crit","--ink","--dim","--line","--panel"];
export class FloorMap {
  constructor(canvas, plan){ this.canvas = canvas; this.plan = plan; this.seen = new Map(); this.picture = null; this.frame = 0;
    const xs = [...plan.locations, ...plan.docks, ...plan.stagings]; this.maxX = Math.max(...xs.map((p) => p.x_m)) + 3; this.maxY = Math.max(...xs.map((p) => p.y_m)) + 4; }
  show(picture){ this.picture = picture; const now = performance.now();
    for (const one of picture.vehicles){ const held = this.seen.get(one.serial); const from = held ? this.at(held, now) : {x:one.x_m,y:one.y_m}; this.seen.set(one.serial, {fromX:from.x,fromY:from.y,toX:one.x_m,toY:one.y_m,began:now,one}); } }
  at(held, now){ const part = Math.min(1, (now - held.began)/700); return {x:held.fromX+(held.toX-held.fromX)*part, y:held.fromY+(held.toY-held.fromY)*part}; }
  start(){ const step = () => { if (!this.canvas.isConnected) return; this.draw(); this.frame = requestAnimationFrame(step); }; step(); }
  draw(){
    const canvas = this.canvas, style = getComputedStyle(document.documentElement), c = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(name).trim()]));
    const width = canvas.clientWidth, ratio = devicePixelRatio || 1, scale = width/(this.maxX+1), height = Math.round((this.maxY)*scale);
    if (canvas.width !== Math.round(width*ratio) || canvas.height !== Math.round(height*ratio)){ canvas.width = Math.round(width*ratio); canvas.height = Math.round(height*ratio); canvas.style.height = `${height}px`; }
    const g = canvas.getContext("2d"); g.setTransform(ratio,0,0,ratio,0,0); g.clearRect(0,0,width,height); g.font = "11px system-ui, sans-serif"; g.textBaseline = "middle";
    const narrow = width < 520, X = (x) => (x+0.4)*scale, Y = (y) => (y-0.6)*scale;
    const places = new Map((this.picture?.places ?? []).map((p) => [p.place, p])), zones = new Map((this.picture?.climate ?? []).map((z) => [z.zone, z]));
    for (const zone of this.plan.zones){ const mine = this.plan.locations.filter((l) => l.zone === zone); if (!mine.length) continue; const air = zones.get(zone);
      const x0 = Math.min(...mine.map((l) => l.x_m))-1.6, x1 = Math.max(...mine.map((l) => l.x_m))+1.6, y0 = Math.min(...mine.map((l) => l.y_m))-1.9, y1 = Math.max(...mine.map((l) => l.y_m))+2.3;
      const out = air?.is_out && !air.is_stale; g.strokeStyle = out ? c["--crit"] : c["--line"]; g.lineWidth = out ? 2 : 1; g.setLineDash(out ? [6,4] : []); g.strokeRect(X(x0),Y(y0),(x1-x0)*scale,(y1-y0)*scale); g.setLineDash([]);
      g.fillStyle = out ? c["--crit"] : c["--dim"]; g.fillText(`${out ? "■ " : ""}${narrow ? "" : zone + "  "}${air?.temperature_c !== undefined ? air.temperature_c.toFixed(1)+" °C" : "–"}${air?.is_stale ? " ?" : ""}`, X(x0)+(narrow ? 0 : 6), Y(y1)+(narrow ? 9 : -8)); }
    const w = 1.05*scale, h = 1.25*scale;
    for (const one of this.plan.locations){ const held = places.get(`location:${one.id}`), x = X(one.x_m)-w+(one.level-1)*(w+1), y = Y(one.y_m)-h/2;
      g.fillStyle = held ? held.holds_count > 0 ? c["--panel"] : held.cartons_count > 4 ? c["--s3"] : c["--s2"] : c["--rack"]; g.fillRect(x,y,w,h);
      if (held?.holds_count > 0){ g.strokeStyle = c["--high"]; g.lineWidth = 2; g.strokeRect(x+1,y+1,w-2,h-2); g.beginPath(); g.moveTo(x+3,y+h-3); g.lineTo(x+w-3,y+3); g.stroke(); } }
    const trucks = new Map((this.picture?.trucks ?? []).filter((one) => !["gone","expected"].includes(one.state)).map((one) => [one.dock, one]));
    for (const dock of this.plan.docks){ const truck = trucks.get(dock.id), bad = truck?.state === "refused", outward = dock.purpose === "outbound", held = places.get(`dock:${dock.id}`), x = X(dock.x_m), y = Y(dock.y_m);
      g.fillStyle = bad ? c["--high"] : truck ? c["--s3"] : c["--rack"]; g.fillRect(outward ? x+4 : x-14, y-1.6*scale, 10, 3.2*scale);
      g.fillStyle = bad ? c["--high"] : c["--dim"]; g.textAlign = outward ? "right" : "left"; g.fillText(`${bad ? "▲ " : ""}${dock.id}`, outward ? x+(narrow ? 14 : -2) : x+(narrow ? -14 : 2), y-(narrow ? 1.6*scale+9 : 1.3*scale)); if (truck && !narrow) g.fillText(truck.plate, outward ? x-2 : x+2, y+1.4*scale); g.textAlign = "left";
      if (held){ g.fillStyle = held.holds_count > 0 ? c["--high"] : c["--s3"]; g.fillRect(x,y-0.5*scale,scale,scale); } }
    for (const one of this.plan.stagings){ const held = places.get(`staging:${one.id}`), x = X(one.x_m)-1.4*scale, y = Y(one.y_m)-1.6*scale; g.strokeStyle = c["--line"]; g.lineWidth = 1; g.strokeRect(x,y,2.8*scale,3.2*scale);
      const count = Math.min(12, held?.cartons_count ?? 0); g.fillStyle = c["--s2"]; for (let i = 0; i < count; i++) g.fillRect(x+4+(i%4)*0.64*scale, y+4+Math.floor(i/4)*0.72*scale, 0.5*scale, 0.56*scale); g.fillStyle = c["--dim"]; g.fillText(narrow ? `${held?.cartons_count ?? 0}` : `${one.id} · ${held?.cartons_count ?? 0}`, x, narrow ? y+3.2*scale+9 : y-8); }
    const now = performance.now();
    for (const held of this.seen.values()){ const {x,y} = this.at(held, now), one = held.one, px = X(x), py = Y(y), size = one.serial.startsWith("mover") ? 13 : 10;
      if (Math.abs(held.toX-x)+Math.abs(held.toY-y) > 0.1){ g.strokeStyle = c["--move"]; g.setLineDash([2,5]); g.lineWidth = 1; g.beginPath(); g.moveTo(px,py); g.lineTo(X(held.toX),Y(held.toY)); g.stroke(); g.setLineDash([]); }
      g.fillStyle = one.is_online ? c["--move"] : c["--crit"]; g.beginPath(); g.roundRect(px-size/2,py-size/2,size,size,3); if (one.loads.length || !one.is_online) g.fill(); else { g.fillStyle = c["--panel"]; g.fill(); g.lineWidth = 2; g.strokeStyle = c["--move"]; g.stroke(); } }
  }
  locationAt(event){ const box = this.canvas.getBoundingClientRect(), scale = box.width/(this.maxX+1), x = (event.clientX-box.left)/scale-0.4, y = (event.clientY-box.top)/scale+0.6;
    return this.plan.locations.find((one) => Math.abs(one.y_m-y) < 0.7 && x >= one.x_m-1.05+(one.level-1)*1.1 && x < one.x_m+(one.level-1)*1.1)?.id; }
}
