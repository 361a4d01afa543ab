/** A font of 5×7 pixels and one below the line. */

/** The printable characters of ASCII from the space on: seven rows each, a digit of base 32 a row, five bits from the left. */
const GLYPHS =
  "00000004444404aa00000aavavaa4fke5u4pp248jjcik8lid44000002488842842224804lel40044v4400000c48000v00000000cc01248g0" +
  "ehjlphe4c4444eeh1248veh161he26aiv22vgu11heegguhhev124444ehhehheehhf11e0cc0cc00cc0c48248g84200v0v008421248eh12404" +
  "ehnlngeehhvhhhuhhuhhuehgggheuhhhhhuvgguggvvggugggehgnhhfhhhvhhhe44444e72222ichikokihggggggvhrllhhhhpljhhhehhhhhe" +
  "uhhugggehhhliduhhukihfgge11uv444444hhhhhhehhhhha4hhhllrhhha4ahhhha4444v1248gve88888e0g84210e22222e4ah0000000000v" +
  "840000000e1fhfgguhhhu00ehghe11fhhhf00ehvge698s8880fhhf1eggmphhh40c444e20622icggikokic44444e00qlllh00mphhh00ehhhe" +
  "0uhhugg0fhhf1100mpggg00fge1u88s889600hhhjd00hhha400hhlla00ha4ah0hhhf1e00v248v244844244444448442448008l200";

/** What stands for every other character: an empty box. */
const OTHER = "vhhhhhv";

/** What reaches one pixel below the line. */
const DESCENDING = "gpqy";

/** What a character and a line of text take, the pixels around them included. */
export const CELL = 6;
export const LINE = 10;

/** Whether a pixel of a line of text is of a character. */
export function isInk(characters: readonly string[], x: number, y: number): boolean {
  const character = characters[Math.floor((x - 1) / CELL)];
  if (character === undefined) return false;
  const start = 7 * ((character.codePointAt(0) ?? 0) - 32);
  const rows = GLYPHS.substring(start, start + 7) || OTHER;
  const top = DESCENDING.includes(character) ? 2 : 1;
  return ((Number.parseInt(rows.charAt(y - top), 32) >> (4 - ((x - 1) % CELL))) & 1) === 1;
}
