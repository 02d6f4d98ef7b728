import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Html, html, jsonText } from '../../../lambdas/operations/html.ts';

describe('a template of HTML', () => {
  it('escapes what it is given, in text and in attributes', () => {
    const given = `<script>alert("1")</script>' & more`;
    expect(html`<p title="${given}">${given}</p>`.text).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; &amp; more">' +
        '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; &amp; more</p>',
    );
  });

  it('takes its own markup as it is, in lists too, and leaves out what is not there', () => {
    expect(html`<ul>${[1, 2].map((n) => html`<li>${n}</li>`)}${undefined}${false}</ul>`.text).toBe(
      '<ul><li>1</li><li>2</li></ul>',
    );
  });

  it('shows nothing that turns the direction of reading, or cannot be seen', () => {
    expect(html`${'a\u202egpj.exe\u0000\u001b[31mb'}`.text).toBe('a gpj.exe [31mb');
  });

  it('refuses a value in an attribute without quotes', () => {
    expect(() => html`<p title=${'x'}></p>`).toThrow('an attribute without quotes: <p title=');
  });

  it('lets no text become markup', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const inner = html`<b title="${text}">${text}</b>`.text;
        const [, attribute = '', content = ''] = /^<b title="(.*)">(.*)<\/b>$/su.exec(inner) ?? [];
        expect(attribute).not.toMatch(/[<>"']/);
        expect(content).not.toMatch(/[<>"']/);
      }),
    );
  });

  it('has only one other way in, by name', () => {
    expect(html`${Html.trusted('<hr>')}`.text).toBe('<hr>');
  });
});

describe('JSON as text of an element', () => {
  it('is read back as it was, and holds nothing that HTML reads', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const written = jsonText({ text }).text;
        expect(JSON.parse(written)).toEqual({ text });
        expect(written).not.toMatch(/[<>&]/);
      }),
    );
  });
});
