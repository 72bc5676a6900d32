/** A field that shows only what has a text in it. */

import { html } from "./view.js";

export function Filter({ text, onText }: { readonly text: string; readonly onText: (text: string) => void }) {
  return html`<label class="filter">
    Show those with
    <input
      type="search"
      value=${text}
      onInput=${(event: InputEvent) => onText((event.target as HTMLInputElement).value)}
    />
  </label>`;
}
