// @ts-check
// The last N numbers, and their statistics.

export class Recent {
  /** @param {number} capacity */
  constructor(capacity) {
    this.ring = new Float64Array(capacity);
    this.sorted = new Float64Array(capacity);
    this.next = 0;
    this.size = 0;
  }

  /** @param {number} value */
  push(value) {
    this.ring[this.next] = value;
    this.next = (this.next + 1) % this.ring.length;
    if (this.size < this.ring.length) this.size += 1;
  }

  /**
   * @param {number} age 0 is the newest; smaller than size
   * @returns {number}
   */
  at(age) {
    return this.ring[(this.next - 1 - age + 2 * this.ring.length) % this.ring.length];
  }

  /** @returns {number | null} null of nothing */
  mean() {
    if (this.size === 0) return null;
    let sum = 0;
    for (let age = 0; age < this.size; age += 1) sum += this.at(age);
    return sum / this.size;
  }

  /**
   * Nearest rank: the smallest value that at least `share` of all values do not exceed.
   * @param {...number} shares 0 < share ≤ 1
   * @returns {(number | null)[]} one per share, null of nothing
   */
  percentiles(...shares) {
    if (this.size === 0) return shares.map(() => null);
    const sorted = this.sorted.subarray(0, this.size);
    for (let age = 0; age < this.size; age += 1) sorted[age] = this.at(age);
    sorted.sort();
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * this.size) - 1)]);
  }

  /** Remove the oldest value. */
  shift() {
    if (this.size > 0) this.size -= 1;
  }

  clear() {
    this.size = 0;
    this.next = 0;
  }
}
