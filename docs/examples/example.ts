/** What the runner (`npm run example`) and the tests know of an example. */

export interface Settings {
  /** Decides the initial weights, the order of the data and whatever else is drawn. */
  readonly seed: number;
  /** The folder for pictures and weights. */
  readonly out: string;
  /** The same code with fewer steps, for tests and for a first look: a minute at most. */
  readonly quick: boolean;
}

/** A number that the example prints at its end. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** What it has to reach without `quick`. */
  readonly goal?: number;
  /** Whether the value should be below the goal. Default: above it. */
  readonly lowerIsBetter?: boolean;
}

export interface Example {
  /** One line for the list. */
  readonly title: string;
  readonly run: (settings: Settings) => Promise<readonly Figure[]>;
}
