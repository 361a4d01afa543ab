/**
 * FAST_CHECK_SEED decides what the property tests draw; without it they draw anew on each run. CI sets it from the
 * commit's contents, so that a run can be repeated, and every change draws other examples. FAST_CHECK_RUNS sets how
 * many are drawn where a test does not say.
 */
import fc from "fast-check";

const { FAST_CHECK_SEED: seed, FAST_CHECK_RUNS: runs } = process.env;
fc.configureGlobal({ ...(seed && { seed: Number(seed) }), ...(runs && { numRuns: Number(runs) }) });
