// @ts-check
// Maps and players of the radar. Pure: the widget draws what this holds.
//    radar ──▶ maps (the last one that was turned on is shown)
//    radar_player, player_move, packed positions ──▶ players, who glide to their last known place

/** @typedef {import("./events.js").Radar} RadarMap */
/** @typedef {import("./events.js").RadarPlayer} RadarPlayer */
/** @typedef {{id: string, name: string, team: string, color: string, run: string, x: number, z: number, yaw: number, to_x: number, to_z: number, to_yaw: number}} Dot */

export const MOST = 1_024; // players of a map; a new one replaces the one that was told of the longest ago
export const MOST_MAPS = 16; // one for each source; any sender of events chooses the names
const GLIDE_MS = 50; // a step of the game: dots move evenly although the game reports 20 places a second
const JUMP_SHARE = 0.1; // of the map: this far in one step is a teleport, and is not shown as a movement
const NEAR = 0.0005; // of the map: less than a pixel

export class Radar {
  constructor() {
    /** @type {Map<string, RadarMap>} the one that is shown is the last */
    this.maps = new Map();
    /** @type {Map<string, Map<number, Dot>>} by map and number */
    this.players = new Map();
  }

  /** @returns {RadarMap | null} */
  get map() {
    return [...this.maps.values()].at(-1) ?? null;
  }

  /** The players of the shown map, without those of an earlier connection of its source. @returns {Dot[]} */
  get dots() {
    const { map } = this;
    if (map === null) return [];
    return [...(this.players.get(map.map)?.values() ?? [])].filter(({ run }) => run === (map.run ?? ""));
  }

  /** @param {{type: string, payload: any}} event */
  apply({ type, payload }) {
    if (type === "radar") this.show(payload);
    else if (type === "radar_player") this.tell(payload);
    else this.move(payload);
    for (const table of [this.maps, this.players]) if (table.size > MOST_MAPS) table.delete([...table.keys()][0]);
  }

  /** @param {RadarMap} map */
  show(map) {
    this.maps.delete(map.map);
    if (map.on !== false) this.maps.set(map.map, map);
    const players = this.players.get(map.map) ?? new Map();
    for (const [number, { run }] of players) if (map.on === false || run !== (map.run ?? "")) players.delete(number);
  }

  /** @param {RadarPlayer} payload */
  tell({ map, number, player, x = 0, z = 0, yaw = 0, color = "", run = "", on = true }) {
    let players = this.players.get(map);
    if (players === undefined) this.players.set(map, (players = new Map()));
    const known = players.get(number);
    if (!on) {
      if (known?.id === player.id) players.delete(number);
      return;
    }
    if (known === undefined && players.size >= MOST) players.delete([...players.keys()][0]);
    const { id, name, team = "" } = player;
    const dot = known?.id === id && known.run === run ? known : { x, z, yaw };
    players.delete(number);
    players.set(number, { ...dot, id, name, team, color, run, to_x: x, to_z: z, to_yaw: yaw });
  }

  /** An event of a source without packed positions. @param {import("./events.js").PlayerMove} payload */
  move({ player, x, y, yaw = 0 }) {
    const dot = this.dots.find(({ id }) => id === player.id);
    if (dot !== undefined) Object.assign(dot, { to_x: x, to_z: y, to_yaw: yaw });
  }

  /** @param {import("./positions.mjs").Positions} positions @returns {boolean} whether they are of the shown map */
  locate(positions) {
    if (positions.map !== this.map?.map) return false;
    const players = this.players.get(positions.map);
    positions.each((number, x, _y, z, yaw) => {
      const dot = players?.get(number);
      if (dot === undefined) return;
      dot.to_x = x;
      dot.to_z = z;
      dot.to_yaw = yaw;
    });
    return true;
  }

  /**
   * Move the dots on towards their places.
   * @param {number} ms since the last call
   * @param {boolean} still at once
   * @returns {boolean} whether any of them still moves
   */
  glide(ms, still) {
    const { map } = this;
    if (map === null) return false;
    const { left = -512, right = 512 } = map;
    const share = still ? 1 : Math.min(1, ms / GLIDE_MS);
    let moving = false;
    for (const dot of this.dots) {
      const [x, z] = [dot.to_x - dot.x, dot.to_z - dot.z];
      const far = Math.max(Math.abs(x), Math.abs(z)) / (right - left);
      const part = far > JUMP_SHARE || far < NEAR ? 1 : share;
      dot.x += x * part;
      dot.z += z * part;
      dot.yaw += (((dot.to_yaw - dot.yaw + 540) % 360) - 180) * part;
      moving ||= part < 1;
    }
    return moving;
  }
}

/**
 * A place of the game on a square map.
 * @param {RadarMap} map @param {number} x @param {number} z
 * @returns {{x: number, y: number, inside: boolean}} 0 to 1, at the edge when it is outside
 */
export function onMap({ left = -512, top = -512, right = 512, bottom = 512 }, x, z) {
  const [across, down] = [(x - left) / (right - left), (z - top) / (bottom - top)];
  const clamp = (/** @type {number} */ value) => Math.max(0, Math.min(1, value));
  return { x: clamp(across), y: clamp(down), inside: across >= 0 && across <= 1 && down >= 0 && down <= 1 };
}

const [DOT, BESIDE, OVER] = [7, 13, 8.5]; // half of a dot; from its middle to a name beside, and to the edge of one over it

/**
 * Where the names of players stand: beside, above or below their dots, where they cover no dot and no name before them.
 * @param {readonly {x: number, y: number, width: number}[]} spots the middle of each dot, and the width of its name (0: none)
 * @param {number} side of the map
 * @param {number} height of a name
 * @param {number} sure so many of the first have a name in any case
 * @returns {(number[] | null)[]} the left edge and the middle of each name; null: there is no room
 */
export function namePlaces(spots, side, height, sure) {
  const high = height / 2;
  /** left, right, top, bottom @type {[number, number, number, number][]} */
  const taken = spots.map(({ x, y }) => [x - DOT, x + DOT, y - DOT, y + DOT]);
  return spots.map(({ x, y, width }, nth) => {
    if (width === 0) return null;
    const [right, left, over] = [x + BESIDE, x - BESIDE - width, x - width / 2];
    const beside = x < side / 2 ? [right, left] : [left, right];
    const places = [[beside[0], y], [beside[1], y], [over, y - OVER - high], [over, y + OVER + high]]; // prettier-ignore
    const free = (/** @type {number[]} */ [from, at]) =>
      from >= 0 && from + width <= side && at >= high && at + high <= side &&
      taken.every((box) => from >= box[1] || from + width <= box[0] || at - high >= box[3] || at + high <= box[2]); // prettier-ignore
    const place = places.find(free) ?? (nth < sure ? places[0] : null);
    if (place !== null) taken.push([place[0], place[0] + width, place[1] - high, place[1] + high]);
    return place;
  });
}
