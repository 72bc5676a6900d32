/** Keeps the label sets of a metric few: each is a time series that Prometheus keeps for weeks. */

/** In the place of each label of a set that is one too many. */
const OTHER = "other";

/** Whoever names sources and stages could make any number of them. */
export class LabelBound {
  readonly #known = new Set<string>();
  readonly #max: number;
  #folded = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Observations that went to `other`, as there was no room for a series of their own. */
  get folded(): number {
    return this.#folded;
  }

  /** The values as they are where the set is known or there is room for it; otherwise each is `other`. */
  bound<Labels extends Readonly<Record<string, string>>>(labels: Labels): Labels {
    const key = Object.values(labels).join("\u0000");
    if (this.#known.has(key)) return labels;
    if (this.#known.size < this.#max) {
      this.#known.add(key);
      return labels;
    }
    this.#folded += 1;
    // Every value is text, and stays text.
    return Object.fromEntries(Object.keys(labels).map((name) => [name, OTHER])) as Labels;
  }
}
