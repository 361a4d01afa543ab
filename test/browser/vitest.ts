/** vitest in a page: its own runner, matchers and spies, without its server. */
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  customMatchers,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from "@vitest/expect";
import { spyOn } from "@vitest/spy";

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, test } from "@vitest/runner";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);
const host = globalThis as Record<symbol, unknown>;

export const expect = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  host[ASYMMETRIC_MATCHERS_OBJECT],
);
host[GLOBAL_EXPECT] = expect;
setState({ assertionCalls: 0 }, expect as never);
// JestExtend has made it.
(chai.expect as unknown as { extend(expect: unknown, matchers: object): void }).extend(expect, customMatchers);

export const vi = { spyOn };

/** Types are checked where the tests are compiled. */
export const expectTypeOf = (): unknown => new Proxy(() => undefined, { get: expectTypeOf, apply: expectTypeOf });
