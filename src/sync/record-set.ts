// The set of mirror keys that a read has shown: one bit each, so that 200,000 unchanged records cost 25 KB.

export class RecordSet {
  #bits = new Uint8Array(1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: number): boolean {
    return ((this.#bits[key >> 3] ?? 0) & (1 << (key & 7))) !== 0;
  }

  /** Returns false when the key was there already. */
  add(key: number): boolean {
    if (this.has(key)) return false;
    const index = key >> 3;
    if (index >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(index + 1, this.#bits.length * 2));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[index] = (this.#bits[index] as number) | (1 << (key & 7));
    this.#size += 1;
    return true;
  }
}
