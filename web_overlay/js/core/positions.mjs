// @ts-check
// Packed positions (docs/wire.md, "Positions"): where the players of a map are. Bytes that are no event.

export const MARK = 0xc1; // a MessagePack message never begins with it
const VERSION = 1;
const HEAD = 13;
const PLACE = 16;
const TURN = 65_536;

const utf8 = new TextDecoder();

/** One message of packed positions. */
export class Positions {
  /**
   * @param {ArrayBuffer} data
   * @throws when they are not whole
   */
  constructor(data) {
    const head = new DataView(data);
    const length = data.byteLength >= HEAD ? head.getUint8(12) : 0;
    this.count = data.byteLength >= HEAD ? head.getUint16(10, true) : 0;
    if (data.byteLength !== HEAD + length + this.count * PLACE || head.getUint8(1) !== VERSION) {
      throw new Error(`got ${data.byteLength} bytes, expected packed positions`);
    }
    this.ts_ms = head.getFloat64(2, true);
    this.map = utf8.decode(new Uint8Array(data, HEAD, length));
    this.places = new DataView(data, HEAD + length);
  }

  /**
   * Call `see` with each place. Nothing is made per player: there are 6,000 of them a second.
   * @param {(number: number, x: number, y: number, z: number, yaw: number) => void} see `yaw` in degrees
   */
  each(see) {
    const { places } = this;
    for (let at = 0; at < this.count * PLACE; at += PLACE) {
      const [x, y, z] = [places.getFloat32(at + 2, true), places.getFloat32(at + 6, true), places.getFloat32(at + 10, true)];
      see(places.getUint16(at, true), x, y, z, (places.getUint16(at + 14, true) * 360) / TURN);
    }
  }
}
