/** The mean while no size is known, in octets. */
const USUAL_BYTES = 64 * 1024 * 1024;

/** The least that one more file counts in the mean. */
const LEAST_NEWS = 0.01;

/** How many times as large the files of one class are as those of the class before. */
const STEP = 4;

/** Classes below and above that of the mean. */
const STEPS = 2;

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** What is known of the sizes of the files that clients ask for, in octets. */
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

  /** Makes classes around the mean of today, and gives the middle of each. */
  classes(): number[] {
    this.#middle = this.#mean;
    return Array.from({ length: 2 * STEPS + 1 }, (_, i) => this.#middle * STEP ** (i - STEPS));
  }

  /**
   * The class of a file, which is also taken into the mean if its size is known. Where there is
   * nothing to send, as for a HEAD, that says nothing of files.
   */
  classOf(bytes: number | undefined): number {
    if (bytes === 0) return 0;
    if (bytes === undefined || !(bytes > 0 && bytes < Infinity)) return STEPS;
    const news = Math.max(LEAST_NEWS, 1 / ++this.#seen);
    this.#mean = Math.max(1, this.#mean + news * (bytes - this.#mean));
    const steps = Math.round(Math.log2(Math.max(1, bytes) / this.#middle) / Math.log2(STEP));
    return STEPS + Math.max(-STEPS, Math.min(STEPS, steps));
  }

  /**
   * A size for a file of unknown size: of many, few are much larger than the mean, as it is with
   * files. Were all taken to be equal, what began together would be thought to end together.
   */
  guess(): number {
    this.#guesses = (this.#guesses + GOLDEN) % 1;
    return -this.#mean * Math.log(1 - this.#guesses);
  }
}
