/** POWERS_OF_TWO[ZEROTH + k] = 2ᵏ, exactly, for −1024 ≤ k ≤ 1023: how the elementary functions scale. */
export const ZEROTH = 1024;
export const POWERS_OF_TWO: Float64Array = /* @__PURE__ */ powersOfTwo();

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2 * ZEROTH);
  powers[ZEROTH] = 1;
  for (let i = ZEROTH + 1; i < powers.length; i++) powers[i] = powers[i - 1]! * 2;
  for (let i = ZEROTH - 1; i >= 0; i--) powers[i] = powers[i + 1]! / 2;
  return powers;
}
