/** What a person without a mouse, with a screen reader, with weak eyes or with a small screen needs of a page. */

import type { Page } from "playwright-core";

/** Runs in the browser: controls without a name, and images without words. */
const NAMELESS = `(() => {
  const nameOf = (element) =>
    (element.getAttribute("aria-label") ?? "") +
    (element.labels === undefined || element.labels === null ? "" : [...element.labels].map((label) => label.textContent).join("")) +
    element.textContent;
  const controls = [...document.querySelectorAll("a, button, input, select, textarea, svg[role=img], [role=listitem]")];
  return controls.filter((control) => nameOf(control).trim() === "").map((control) => control.outerHTML.slice(0, 120));
})()`;

/** Runs in the browser: contrast of each colour of text against each that it stands on, by WCAG 2.2 (1.4.3). */
const CONTRASTS = `(() => {
  const probe = document.body.appendChild(document.createElement("span"));
  const light = (name) => {
    probe.style.color = "var(--" + name + ")";
    const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).map((part) => {
      const value = Number(part) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const paper of ["paper", "raised"]) {
    for (const ink of ["ink", "soft", "accent", "bad", "warn", "good"]) {
      const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
      found.push({ colours: ink + " on " + paper, ratio: (a + 0.05) / (b + 0.05) });
    }
  }
  probe.remove();
  return found;
})()`;

/** Least contrast of text: WCAG 2.2, 1.4.3, level AA. */
const CONTRAST_MIN = 4.5;

/** @returns what is wrong with the page as it is shown now, for people */
export async function faultsOf(page: Page): Promise<readonly string[]> {
  const faults = (await page.evaluate<readonly string[]>(NAMELESS)).map((html) => `without a name: ${html}`);
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  if (width > 360) faults.push(`${width} px wide on a screen of 360`);
  if (size !== null) await page.setViewportSize(size);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const { colours, ratio } of await page.evaluate<
      readonly { readonly colours: string; readonly ratio: number }[]
    >(CONTRASTS)) {
      if (ratio < CONTRAST_MIN) faults.push(`${colours} in ${colorScheme}: ${ratio.toFixed(2)}`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  return faults;
}

/** Goes on by Tab until the element that has the focus is named so, as somebody without a mouse does. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let steps = 0; steps < 100; steps += 1) {
    await page.keyboard.press("Tab");
    const text = await page.evaluate<string>("document.activeElement?.textContent?.trim() ?? ''");
    if (text.startsWith(name)) return;
  }
  throw new Error(`Tab does not lead to "${name}"`);
}
