/** Characters that move a terminal's cursor or name its window: escape, bell, and the C1 control sequence introducer. */

const CONTROLS = ["\u0007", "\u001b", "\u009b"];

export function hasControls(text: string): boolean {
  return CONTROLS.some((control) => text.includes(control));
}
