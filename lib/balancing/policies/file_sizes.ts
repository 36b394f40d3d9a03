/** The mean while no size is known. */
const USUAL_BYTES = 64 * 1024 * 1024;

/** The least weight of one file in the mean. */
const MIN_SAMPLE_WEIGHT = 0.01;

/** Ratio of the sizes of neighbouring classes. */
const STEP = 4;

/** Classes below and above that of the mean. */
const STEPS = 2;

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** The sizes of requested files, in bytes. */
export class FileSizes {
  #mean = USUAL_BYTES;
  #seen = 0;
  #guesses = 0;
  /** The mean when the classes were made. */
  #middle = USUAL_BYTES;

  /** The mean of the latest files of known size. */
  get mean(): number {
    return this.#mean;
  }

  /** Whether a size was ever known: the mean is a default before. */
  get isKnown(): boolean {
    return this.#seen > 0;
  }

  /** Makes classes around the current mean, and returns the middle of each. */
  classes(): number[] {
    this.#middle = this.#mean;
    return Array.from({ length: 2 * STEPS + 1 }, (_, i) => this.#middle * STEP ** (i - STEPS));
  }

  /** Adds a file to the mean, if its size is known and not 0, as for HEAD. */
  add(bytes: number | undefined): void {
    if (bytes === undefined || !(bytes > 0 && bytes < Infinity)) return;
    const weight = Math.max(MIN_SAMPLE_WEIGHT, 1 / ++this.#seen);
    this.#mean = Math.max(1, this.#mean + weight * (bytes - this.#mean));
  }

  /** The class of a file. */
  classOf(bytes: number | undefined): number {
    if (bytes === 0) return 0;
    if (bytes === undefined || !(bytes > 0 && bytes < Infinity)) return STEPS;
    const steps = Math.round(Math.log2(Math.max(1, bytes) / this.#middle) / Math.log2(STEP));
    return STEPS + Math.max(-STEPS, Math.min(STEPS, steps));
  }

  /**
   * A size for a file of unknown size. The sizes are distributed exponentially, as file sizes are
   * roughly: if all were equal, downloads that began together would seem to end together.
   */
  guess(): number {
    this.#guesses = (this.#guesses + GOLDEN) % 1;
    return -this.#mean * Math.log(1 - this.#guesses);
  }
}
