// The floor map: a still layer that is painted when the picture changes, vehicles that glide above
// it, and a tip that tells what stands under the pointer.
import {paintFloor} from "./floor-paint.js";
import {tell} from "./floor-tip.js";

const GLIDE_MS = 700;
const COLOURS = ["rack", "bond", "sold", "rel", "move", "high", "crit", "ink", "dim", "line", "panel"];

export class FloorMap {
  constructor(canvas, tip, plan) {
    this.canvas = canvas;
    this.tip = tip;
    this.plan = plan;
    this.seen = new Map();
    this.still = document.createElement("canvas");
    this.isStale = true;
    const all = [...plan.locations, ...plan.docks, ...plan.stagings];
    this.maxX = Math.max(...all.map((one) => one.x_m)) + 4;
    this.maxY = Math.max(...all.map((one) => one.y_m)) + 4;
    this.listen();
    this.step = () => {
      if (this.isStopped) return;
      this.draw();
      requestAnimationFrame(this.step);
    };
    requestAnimationFrame(this.step);
  }

  listen() {
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.tip.hidden = true;
    });
    this.canvas.addEventListener("click", (event) => this.click(event));
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.theme.addEventListener("change", () => { this.isStale = true; });
  }

  stop() {
    this.isStopped = true;
  }

  show(picture) {
    this.picture = picture;
    this.isStale = true;
    const now = performance.now();
    for (const one of picture.vehicles) {
      const held = this.seen.get(one.serial);
      const from = held ? this.at(held, now) : {x: one.x_m, y: one.y_m};
      this.seen.set(one.serial, {from, to: {x: one.x_m, y: one.y_m}, began: now, one});
    }
  }

  at({from, to, began}, now) {
    const part = Math.min(1, (now - began) / GLIDE_MS);
    return {x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part};
  }

  get scale() {
    return this.canvas.clientWidth / (this.maxX + 1);
  }

  colours() {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  fit() {
    const ratio = devicePixelRatio || 1;
    const width = this.canvas.clientWidth;
    const height = Math.round(this.maxY * this.scale);
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width === w && this.canvas.height === h) return ratio;
    for (const one of [this.canvas, this.still]) Object.assign(one, {width: w, height: h});
    this.canvas.style.height = `${height}px`;
    this.isStale = true;
    return ratio;
  }

  view(g, ratio, colours) {
    const {scale} = this;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, this.canvas.width, this.canvas.height);
    g.font = "11px system-ui, sans-serif";
    g.textBaseline = "middle";
    return {
      g, c: colours, scale, isNarrow: this.canvas.clientWidth < 520,
      x: (metres) => (metres + 0.8) * scale, y: (metres) => (metres - 0.6) * scale,
    };
  }

  draw() {
    if (!this.picture || !this.canvas.clientWidth) return;
    const ratio = this.fit();
    if (this.isStale) {
      this.palette = this.colours();
      paintFloor(this.view(this.still.getContext("2d"), ratio, this.palette), this.plan, this.picture);
      this.isStale = false;
    }
    const g = this.canvas.getContext("2d");
    const view = this.view(g, ratio, this.palette);
    g.save();
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.drawImage(this.still, 0, 0);
    g.restore();
    const now = performance.now();
    for (const held of this.seen.values()) this.vehicle(view, held, this.at(held, now));
  }

  vehicle({g, c, x, y}, {to, one}, at) {
    const [px, py] = [x(at.x), y(at.y)];
    const size = one.serial.startsWith("mover") ? 13 : 10;
    const colour = one.is_online ? c.move : c.crit;
    if (Math.abs(to.x - at.x) + Math.abs(to.y - at.y) > 0.1) {
      g.strokeStyle = c.move;
      g.lineWidth = 1;
      g.setLineDash([2, 5]);
      g.beginPath();
      g.moveTo(px, py);
      g.lineTo(x(to.x), y(to.y));
      g.stroke();
      g.setLineDash([]);
    }
    g.beginPath();
    g.roundRect(px - size / 2, py - size / 2, size, size, 3);
    g.fillStyle = one.loads.length || !one.is_online ? colour : c.panel;
    g.fill();
    g.lineWidth = 2;
    g.strokeStyle = colour;
    g.stroke();
  }

  hit(event) {
    const frame = this.canvas.getBoundingClientRect();
    const px = event.clientX - frame.left;
    const py = event.clientY - frame.top;
    const x = px / this.scale - 0.8;
    const y = py / this.scale + 0.6;
    return {px, py, found: this.under(x, y)};
  }

  under(x, y) {
    const now = performance.now();
    for (const held of this.seen.values()) {
      const at = this.at(held, now);
      if (Math.hypot(at.x - x, at.y - y) < 0.7) return {kind: "vehicle", one: held.one};
    }
    const rack = this.plan.locations.find((one) => {
      const from = one.x_m - 1.05 + (one.level - 1) * 1.1;
      return Math.abs(one.y_m - y) < 0.7 && x >= from && x < from + 1.05;
    });
    if (rack) return {kind: "location", one: rack};
    const dock = this.plan.docks.find((one) => Math.abs(one.y_m - y) < 2 && Math.abs(one.x_m - x) < 2);
    if (dock) return {kind: "dock", one: dock};
    const lane = this.plan.stagings.find((one) => Math.abs(one.y_m - y) < 1.7 && Math.abs(one.x_m - x) < 1.5);
    return lane ? {kind: "staging", one: lane} : null;
  }

  point(event) {
    const {px, py, found} = this.hit(event);
    this.canvas.classList.toggle("over", Boolean(found) && found.kind !== "vehicle");
    this.tip.hidden = !found;
    if (!found) return;
    tell(this.tip, found, this.picture);
    const left = Math.min(px + 12, this.canvas.clientWidth - this.tip.offsetWidth - 4);
    this.tip.style.left = `${Math.max(0, left)}px`;
    this.tip.style.top = `${py + 14}px`;
  }

  // A mouse has seen the tip already: its click opens the place. A finger's first tap shows the tip.
  click(event) {
    if (event.pointerType && event.pointerType !== "mouse") return this.point(event);
    const {found} = this.hit(event);
    if (found && found.kind !== "vehicle") {
      location.hash = `place/${encodeURIComponent(`${found.kind}:${found.one.id}`)}`;
    }
  }
}
