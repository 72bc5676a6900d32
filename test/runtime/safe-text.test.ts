import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  fileNamePart,
  htmlText,
  jsonLine,
  terminalLine,
  terminalLines,
} from "../../src/runtime/safe-text.js";

const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
const CONTROL_BUT_NEWLINE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
/** Any code units, and often those that a terminal or a page obeys. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\u001b[2J",
        "\u001b]0;x\u0007",
        "\u009b31m",
        "\r",
        "\n",
        "\t",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\ud800",
      ),
      fc.constantFrom(
        "<script>",
        "'",
        '"',
        "&",
        "../",
        "/",
        "\0",
        "-rf",
        ".",
        "\u{e0041}",
        "\u2028",
        "\u007f",
      ),
      fc.integer({ min: 0, max: 0xff_ff }).map((unit) => String.fromCharCode(unit)),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(""));

test("terminalLine lets no control character through, whatever the text", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      assert.not.match(terminalLine(text), CONTROL);
      assert.not.match(terminalLines(text), CONTROL_BUT_NEWLINE);
      assert.is(terminalLines(text).split("\n").length, text.split("\n").length);
    }),
    { numRuns: 1_000 },
  );
});

test("terminalLine leaves what people write as it is, and shows what it takes away", () => {
  const plain = "Türstation 3 – café, 東京, наблюдение: 12 °C 😀";
  assert.is(terminalLine(plain), plain);
  assert.is(terminalLine("cam\u001b[2J\u009b1m\n"), "cam\\u{1b}[2J\\u{9b}1m\\u{a}");
  assert.is(terminalLines("a\nb\r\n\u202ec"), "a\nb\\u{d}\n\\u{202e}c");
});

test("jsonLine lets no control character through, and means the same value", () => {
  fc.assert(
    fc.property(
      fc.record({ label: anyText, list: fc.array(anyText, { maxLength: 3 }) }, { noNullPrototype: true }),
      (value) => {
        const line = jsonLine(value);
        assert.not.match(line, CONTROL);
        assert.equal(JSON.parse(line), value);
      },
    ),
    { numRuns: 500 },
  );
  assert.is(jsonLine(undefined), "null");
});

test("fileNamePart is a plain name, whatever the text", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      assert.match(fileNamePart(text), /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/);
      assert.not.match(fileNamePart(text), /[.-]$/);
    }),
    { numRuns: 500 },
  );
  assert.is(fileNamePart("../../etc/passwd"), "etc-passwd");
  assert.is(fileNamePart("edge 1.local"), "edge-1.local");
  assert.is(fileNamePart("///"), "unnamed");
});

test("htmlText holds no markup, whatever the text", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const html = htmlText(text);
      assert.not.match(html, /[<>"'`]/);
      assert.not.match(html, /&(?!(?:amp|lt|gt|quot|#39|#96);)/);
      assert.not.match(html, CONTROL_BUT_NEWLINE);
    }),
    { numRuns: 500 },
  );
});

test.run();
