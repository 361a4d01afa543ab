/**
 * Arithmetic on number literals at the type level, exact for whole numbers of any length that TypeScript prints in full
 * (below 10²¹): what a compiler needs to compute shapes.
 *
 * Numbers are added, subtracted and multiplied digit by digit as in school, by tables. A number's digits are kept least
 * significant first: `176` is `["6", "7", "1"]`. Everything else was slower or failed: counting up a tuple stops at
 * 1,000, tuples as numbers at 10,000, and Flatten of 512 × 7 × 7 is 25,088.
 *
 * A `number`, a union, `any`, a fraction or a negative number is not known at compile time; every operation then gives
 * `number`, so that dynamic sizes always type-check.
 */

/** True for one whole, non-negative number literal; false for everything that is only known at run time. */
export type IsKnown<N> = [N] extends [never]
  ? false
  : 0 extends 1 & N
    ? false
    : [N] extends [number]
      ? number extends N
        ? false
        : IsUnion<N> extends true
          ? false
          : `${N}` extends `${bigint}`
            ? `${N}` extends `-${string}`
              ? false
              : true
            : false
      : false;

/** `N` where it is one size; `number` for a union, `any` and whatever else is not known. */
export type OneSize<N> = IsKnown<N> extends true ? N & number : number;

/** Whether a type is a union of several. */
export type IsUnion<T, Whole = T> = T extends unknown ? ([Whole] extends [T] ? false : true) : never;

/** a + b */
export type Add<A extends number, B extends number> =
  Both<A, B> extends true
    ? B extends 0
      ? A
      : A extends 0
        ? B
        : ToNumber<Sum<Digits<`${A}`>, Digits<`${B}`>>>
    : number;

/** a − b, or `never` where b is larger: compare first with {@link Less}. */
export type Subtract<A extends number, B extends number> =
  Both<A, B> extends true
    ? B extends 0
      ? A
      : A extends B
        ? 0
        : ToNumber<Difference<Digits<`${A}`>, Digits<`${B}`>>>
    : number;

/** a · b; 0 · number is number: a size that is not known cannot be promised to be 0. */
export type Multiply<A extends number, B extends number> =
  Both<A, B> extends true
    ? B extends 1
      ? A
      : A extends 1
        ? B
        : ToNumber<Product<Digits<`${A}`>, Digits<`${B}`>>>
    : number;

/** ⌊a / b⌋; `number` for b = 0. */
export type FloorDivide<A extends number, B extends number> =
  Both<A, B> extends true
    ? B extends 0
      ? number
      : B extends 1
        ? A
        : B extends 2
          ? TrimmedNumber<Halved<`${A}`>>
          : TrimmedNumber<Quotient<`${A}`, Digits<`${B}`>>>
    : number;

/** a mod b; `number` for b = 0. */
export type Modulo<A extends number, B extends number> =
  Both<A, B> extends true
    ? B extends 0
      ? number
      : B extends 1
        ? 0
        : ToNumber<Remainder<`${A}`, Digits<`${B}`>>>
    : number;

/** a < b; `boolean` where it is not known. */
export type Less<A extends number, B extends number> =
  Both<A, B> extends true
    ? A extends B
      ? false
      : Order<Digits<`${A}`>, Digits<`${B}`>> extends "<"
        ? true
        : false
    : boolean;

/** The numeral after `I`: `"9"` → `"10"`. Far cheaper than {@link Add}, for counting. */
export type Next<I extends string> = I extends `${infer Tens}0`
  ? `${Tens}1`
  : I extends `${infer Tens}1`
    ? `${Tens}2`
    : I extends `${infer Tens}2`
      ? `${Tens}3`
      : I extends `${infer Tens}3`
        ? `${Tens}4`
        : I extends `${infer Tens}4`
          ? `${Tens}5`
          : I extends `${infer Tens}5`
            ? `${Tens}6`
            : I extends `${infer Tens}6`
              ? `${Tens}7`
              : I extends `${infer Tens}7`
                ? `${Tens}8`
                : I extends `${infer Tens}8`
                  ? `${Tens}9`
                  : I extends `${infer Tens}9`
                    ? `${Tens extends "" ? "1" : Next<Tens>}0`
                    : never;

/** The product of a tuple's numbers: 1 for none, `number` where any is not known. */
export type ProductOf<Factors extends readonly number[], Result extends number = 1> = Factors extends readonly [
  infer First extends number,
  ...infer Rest extends readonly number[],
]
  ? ProductOf<Rest, Multiply<Result, First>>
  : Factors extends readonly []
    ? Result
    : number;

type Both<A, B> = IsKnown<A> extends true ? IsKnown<B> : false;

type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";

/** `"176"` → `["6", "7", "1"]` */
type Digits<S extends string, Result extends Digit[] = []> = S extends `${infer D extends Digit}${infer Rest}`
  ? Digits<Rest, [D, ...Result]>
  : Result;

/** `["6", "7", "1"]` → `176`; leading zeros are dropped. */
type ToNumber<D extends readonly unknown[]> = D extends [infer Only extends Digit]
  ? Numeral<Only>
  : D extends [...infer Rest, "0"]
    ? ToNumber<Rest>
    : Numeral<Written<D>>;

type Written<D extends readonly unknown[], Result extends string = ""> = D extends [
  infer Low extends Digit,
  ...infer Rest,
]
  ? Written<Rest, `${Low}${Result}`>
  : Result;

type Numeral<S extends string> = S extends `${infer N extends number}` ? N : never;

/** `"0088"` → `88` */
type TrimmedNumber<S extends string> = S extends `0${infer Rest}`
  ? Rest extends ""
    ? 0
    : TrimmedNumber<Rest>
  : Numeral<S>;

/** The carry and the digit of a + b, for a from 0 to 10. */
type Sums = [
  ["00", "01", "02", "03", "04", "05", "06", "07", "08", "09"],
  ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"],
  ["02", "03", "04", "05", "06", "07", "08", "09", "10", "11"],
  ["03", "04", "05", "06", "07", "08", "09", "10", "11", "12"],
  ["04", "05", "06", "07", "08", "09", "10", "11", "12", "13"],
  ["05", "06", "07", "08", "09", "10", "11", "12", "13", "14"],
  ["06", "07", "08", "09", "10", "11", "12", "13", "14", "15"],
  ["07", "08", "09", "10", "11", "12", "13", "14", "15", "16"],
  ["08", "09", "10", "11", "12", "13", "14", "15", "16", "17"],
  ["09", "10", "11", "12", "13", "14", "15", "16", "17", "18"],
  ["10", "11", "12", "13", "14", "15", "16", "17", "18", "19"],
];

/** `Plus[carry][a][b]` is the carry and the digit of a + b + carry. */
type Plus = [Sums, Tail<Sums>];

/** The borrow and the digit of a − b, for a from −1 to 9. */
type Differences = [
  ["19", "18", "17", "16", "15", "14", "13", "12", "11", "10"],
  ["00", "19", "18", "17", "16", "15", "14", "13", "12", "11"],
  ["01", "00", "19", "18", "17", "16", "15", "14", "13", "12"],
  ["02", "01", "00", "19", "18", "17", "16", "15", "14", "13"],
  ["03", "02", "01", "00", "19", "18", "17", "16", "15", "14"],
  ["04", "03", "02", "01", "00", "19", "18", "17", "16", "15"],
  ["05", "04", "03", "02", "01", "00", "19", "18", "17", "16"],
  ["06", "05", "04", "03", "02", "01", "00", "19", "18", "17"],
  ["07", "06", "05", "04", "03", "02", "01", "00", "19", "18"],
  ["08", "07", "06", "05", "04", "03", "02", "01", "00", "19"],
  ["09", "08", "07", "06", "05", "04", "03", "02", "01", "00"],
];

/** `Minus[borrow][a][b]` is the borrow and the digit of a − b − borrow. */
type Minus = [Tail<Differences>, Differences];

type Tail<Rows extends readonly unknown[]> = Rows extends [unknown, ...infer Later] ? Later : never;

/** `Times[a][b]` is the tens and the units of a · b. */
type Times = [
  ["00", "00", "00", "00", "00", "00", "00", "00", "00", "00"],
  ["00", "01", "02", "03", "04", "05", "06", "07", "08", "09"],
  ["00", "02", "04", "06", "08", "10", "12", "14", "16", "18"],
  ["00", "03", "06", "09", "12", "15", "18", "21", "24", "27"],
  ["00", "04", "08", "12", "16", "20", "24", "28", "32", "36"],
  ["00", "05", "10", "15", "20", "25", "30", "35", "40", "45"],
  ["00", "06", "12", "18", "24", "30", "36", "42", "48", "54"],
  ["00", "07", "14", "21", "28", "35", "42", "49", "56", "63"],
  ["00", "08", "16", "24", "32", "40", "48", "56", "64", "72"],
  ["00", "09", "18", "27", "36", "45", "54", "63", "72", "81"],
];

/** `Half[r][d]` is the quotient and the remainder of (10·r + d) / 2. */
type Half = [
  ["00", "01", "10", "11", "20", "21", "30", "31", "40", "41"],
  ["50", "51", "60", "61", "70", "71", "80", "81", "90", "91"],
];

type Bit = "0" | "1";

type Sum<
  A extends readonly unknown[],
  B extends readonly unknown[],
  Carry extends Bit = "0",
  Result extends Digit[] = [],
> = A extends [infer X extends Digit, ...infer XS]
  ? B extends [infer Y extends Digit, ...infer YS]
    ? Plus[Carry][X][Y] extends `${infer C extends Bit}${infer D extends Digit}`
      ? Sum<XS, YS, C, [...Result, D]>
      : never
    : Carry extends "0"
      ? [...Result, X, ...XS]
      : Sum<A, ["0"], Carry, Result>
  : B extends [unknown, ...unknown[]]
    ? Sum<B, A, Carry, Result>
    : Carry extends "1"
      ? [...Result, "1"]
      : Result;

type Difference<
  A extends readonly unknown[],
  B extends readonly unknown[],
  Borrow extends Bit = "0",
  Result extends Digit[] = [],
> = A extends [infer X extends Digit, ...infer XS]
  ? B extends [infer Y extends Digit, ...infer YS]
    ? Minus[Borrow][X][Y] extends `${infer C extends Bit}${infer D extends Digit}`
      ? Difference<XS, YS, C, [...Result, D]>
      : never
    : Borrow extends "0"
      ? [...Result, X, ...XS]
      : Difference<A, ["0"], Borrow, Result>
  : B extends []
    ? Borrow extends "0"
      ? Result
      : never
    : never;

/** a · b = (… (a·bₙ)·10 + a·bₙ₋₁)·10 + … from b's highest digit down. */
type Product<
  A extends readonly unknown[],
  B extends readonly unknown[],
  Result extends readonly unknown[] = [],
> = B extends [...infer Lower, infer High extends Digit]
  ? Product<A, Lower, Sum<Scaled<A, High>, Shifted<Result>>>
  : Result;

type Shifted<A extends readonly unknown[]> = A extends [] ? [] : ["0", ...A];

/** a times one digit. */
type Scaled<
  A extends readonly unknown[],
  D extends Digit,
  Carry extends Digit = "0",
  Result extends Digit[] = [],
> = D extends "0"
  ? ["0"]
  : D extends "1"
    ? A
    : A extends [infer X extends Digit, ...infer Rest]
      ? Times[X][D] extends `${infer Tens extends Digit}${infer Units extends Digit}`
        ? Plus["0"][Units][Carry] extends `${infer C extends Digit}${infer Low extends Digit}`
          ? Plus["0"][Tens][C] extends `0${infer Next extends Digit}`
            ? Scaled<Rest, D, Next, [...Result, Low]>
            : never
          : never
        : never
      : Carry extends "0"
        ? Result
        : [...Result, Carry];

/** Digits of a / 2 from the highest down, with leading zeros. */
type Halved<
  S extends string,
  R extends Bit = "0",
  Result extends string = "",
> = S extends `${infer D extends Digit}${infer Rest}`
  ? Half[R][D] extends `${infer Q extends Digit}${infer Next extends Bit}`
    ? Halved<Rest, Next, `${Result}${Q}`>
    : never
  : Result;

/** Long division from the highest digit down: the quotient's digits with leading zeros. */
type Quotient<
  S extends string,
  B extends readonly unknown[],
  R extends readonly unknown[] = [],
  Result extends string = "",
> = S extends `${infer D extends Digit}${infer Rest}`
  ? Often<Trim<[D, ...R]>, B> extends [infer Times extends string, infer Left extends readonly unknown[]]
    ? Quotient<Rest, B, Left, `${Result}${Times}`>
    : never
  : Result;

type Remainder<
  S extends string,
  B extends readonly unknown[],
  R extends readonly unknown[] = [],
> = S extends `${infer D extends Digit}${infer Rest}`
  ? Often<Trim<[D, ...R]>, B> extends [unknown, infer Left extends readonly unknown[]]
    ? Remainder<Rest, B, Left>
    : never
  : R extends []
    ? ["0"]
    : R;

/** How often b fits into a (0 to 9) and what is left. */
type Often<A extends readonly unknown[], B extends readonly unknown[], Count extends unknown[] = []> =
  Order<A, B> extends "<" ? [`${Count["length"]}`, A] : Often<Trim<Difference<A, B>>, B, [...Count, unknown]>;

/** Drops leading zeros, which are last: 0 is `[]`. */
type Trim<A extends readonly unknown[]> = A extends [...infer Rest, "0"] ? Trim<Rest> : A;

/** Compares digits without leading zeros: the longer number is larger; equal lengths are decided by the highest difference. */
type Order<A extends readonly unknown[], B extends readonly unknown[]> = A["length"] extends B["length"]
  ? OrderOfEqualLength<A, B>
  : Longer<A, B>;

type OrderOfEqualLength<A extends readonly unknown[], B extends readonly unknown[]> = A extends [
  ...infer AS,
  infer X extends Digit,
]
  ? B extends [...infer BS, infer Y extends Digit]
    ? X extends Y
      ? OrderOfEqualLength<AS, BS>
      : Minus[0][X][Y] extends `1${string}`
        ? "<"
        : ">"
    : never
  : "=";

type Longer<A extends readonly unknown[], B extends readonly unknown[]> = A extends [unknown, ...infer AS]
  ? B extends [unknown, ...infer BS]
    ? Longer<AS, BS>
    : ">"
  : "<";
