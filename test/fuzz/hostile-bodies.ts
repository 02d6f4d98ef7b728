/**
 * Bodies as a hostile or broken sender may word them: nearly events, no events, and no text at all.
 */
import fc from 'fast-check';

/** The longest body that travels as text: 1 MiB less 16 KiB. */
export const BODY_BYTES_MAX = 1_032_192;

const codeUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
  .map((units) => String.fromCharCode(...units));

/** Texts that something on the way might trip over; lone surrogates among them. */
export const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  codeUnits,
  fc.constantFrom(
    ...[
      '',
      ' ',
      '__proto__',
      'constructor',
      'toString',
      'null',
      '-1',
      '\u0000',
      '\ufeff',
      '\ufffe',
      '\ud800',
      '\udc00',
    ],
    ...['a\r\nb: c', '\u001b[2J', '😀'.repeat(150), `${'a'.repeat(299)}😀`, 'é'.repeat(256), 'x'.repeat(10_000)],
    ...[
      'http://127.0.0.1/',
      '../../etc/passwd',
      '#',
      'EVENT#a',
      'a\u0000\u0001',
      '\u2028',
      '{"a":1}',
      '%00',
      "' OR 1=1",
    ],
  ),
);

const anyValue = fc.oneof(
  hostileText,
  fc.double(),
  fc.constantFrom<unknown>(null, true, [], {}, [[]], 1e308, -0, 2 ** 53, { toString: null }),
  fc.jsonValue({ maxDepth: 2 }),
);

/**
 * `usual` most of the time: an event in which all is wrong at once is refused for the first thing.
 */
function mostly<T>(usual: fc.Arbitrary<T>, otherwise: fc.Arbitrary<unknown> = anyValue): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: otherwise });
}

const visibleAscii = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));

/** A few ids come again and again, so that ids are reused. */
const eventId = fc.oneof(
  fc.uuid(),
  fc.constantFrom('a', 'b', '__proto__', '#'),
  fc.string({ unit: visibleAscii, minLength: 1, maxLength: 257 }),
);

const eventType = fc.oneof(
  fc.constantFrom('interaction.created', 'interaction.ended', 'interaction.', 'agent.login'),
  hostileText.map((text) => `interaction.${text}`),
  hostileText,
);

function eventTimestamp(nowMs: number): fc.Arbitrary<string> {
  const iso = (min: number, max: number) => fc.integer({ min, max }).map((ms) => new Date(nowMs + ms).toISOString());
  return fc.oneof(
    { weight: 6, arbitrary: iso(-600_000, 0) },
    { weight: 1, arbitrary: iso(0, 1_200_000) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...['1969-12-31T23:59:59Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '+275760-09-13T00:00:00Z'],
        ...[
          '2026-02-29T00:00:00Z',
          '2026-01-31T24:00:00Z',
          '2026-01-31T09:30:60Z',
          '2026-01-31',
          '2026-01-31T09:30:00',
        ],
        ...['2026-01-31T09:30:00.123456789Z', `2026-01-31T09:30:00.${'9'.repeat(400)}Z`, '2026-01-31T09:30:00+23:59'],
      ),
    },
  );
}

const contact = fc.oneof(
  fc.integer({ min: 0, max: 5 }).map((n) => `+1555010${n}`),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 10 }),
);

/** An event's fields, most of them as they should be. */
function eventFields(nowMs: number): fc.Arbitrary<object> {
  const interaction = fc.record(
    { to: mostly(contact), id: anyValue, type: fc.constant('voice') },
    { requiredKeys: ['to'] },
  );
  return fc.record(
    {
      eventBridgeEventId: mostly(eventId),
      eventType: mostly(eventType),
      eventTimestamp: mostly(eventTimestamp(nowMs)),
      interaction: mostly(interaction),
      unknown: anyValue,
    },
    { requiredKeys: ['eventBridgeEventId', 'eventType', 'eventTimestamp', 'interaction'] },
  );
}

/** Ways to spoil a whole event's text. */
const SPOILT: readonly ((text: string) => string | Uint8Array)[] = [
  (text) => text.replace('{', '{"eventBridgeEventId":"first",'),
  (text) => text.replace(/}$/, ',"eventBridgeEventId":"last"}'),
  (text) => text.replace('{', '{"__proto__":{"eventBridgeEventId":"p","interaction":{"to":"+1"}},'),
  (text) => text.replace('"interaction":{', '"interaction":{"__proto__":{"to":"+1"},"constructor":1,'),
  (text) => text.replace('"eventBridgeEventId"', '"\\u0065ventBridgeEventId"'),
  (text) => text.replace('{', '{"huge":1e999,"long":1234567890123456789012345678901234567890,'),
  (text) => text.replace('{', `{"deep":${'['.repeat(20_000)}${']'.repeat(20_000)},`),
  (text) => text.replace('{', `{"deep":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)},`),
  (text) => text.replace('{', `{"wide":[${'0,'.repeat(20_000)}0],`),
  (text) => `\ufeff${text}`,
  (text) => ` \r\n\t${text}\n`,
  (text) => `${text}{}`,
  (text) => `${text}\u0000`,
  (text) => text.slice(0, -3),
  (text) => `[${text}]`,
  (text) => JSON.stringify(text),
  (text) => text.replaceAll('"', "'"),
  (text) => new Uint8Array(Buffer.from(text, 'utf16le')),
  (text) => new Uint8Array(Buffer.from(text, 'latin1')),
  // A surrogate in UTF-8, as some encoders write it, and a character cut in two.
  (text) => Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xed, 0xa0, 0x80])]),
  (text) => Buffer.concat([Buffer.from(text), Buffer.from([0xf0, 0x9f])]),
  (text) => Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.from(text)]),
];

const unspoilt = (text: string) => text;

/** A text, nearly an event. */
function nearlyEvent(nowMs: number): fc.Arbitrary<Uint8Array> {
  const spoilers = fc.oneof(
    { weight: 3, arbitrary: fc.constant(unspoilt) },
    { weight: 2, arbitrary: fc.constantFrom(...SPOILT) },
  );
  return fc.tuple(eventFields(nowMs), spoilers).map(([fields, spoil]) => {
    const spoilt = spoil(JSON.stringify(fields));
    return typeof spoilt === 'string' ? new TextEncoder().encode(spoilt) : new Uint8Array(spoilt);
  });
}

/** Bodies at the edge of what a message holds, as text and as what has to travel in Base64. */
const atTheEdge = fc
  .tuple(fc.constantFrom(0x20, 0x00, 0xff), fc.integer({ min: -2, max: 2 }))
  .map(([byte, off]) => new Uint8Array((byte === 0x20 ? BODY_BYTES_MAX : (BODY_BYTES_MAX / 4) * 3) + off).fill(byte));

/** Any body; `nowMs` is what the timestamps are about. One in some hundred is about 1 MiB long. */
export function hostileBody(nowMs: number): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 300, arbitrary: nearlyEvent(nowMs) },
    { weight: 30, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 30, arbitrary: hostileText.map((text) => new TextEncoder().encode(text)) },
    { weight: 30, arbitrary: fc.json({ maxDepth: 3 }).map((text) => new TextEncoder().encode(text)) },
    { weight: 2, arbitrary: atTheEdge },
  );
}
