import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeEnvelope,
  type Envelope,
  encodeBody,
  encodeEnvelope,
  type QuarantineNote,
  quarantineEnvelope,
  type ReceivedMessage,
} from '../../../../lambdas/domain/delivery/envelope.ts';
import {
  parseSignature,
  type SigningKey,
  sign,
  signingKeyFrom,
  verifySignature,
} from '../../../../lambdas/domain/delivery/signature.ts';

const KEY = signingKeyFrom('ab'.repeat(32)) as SigningKey;

function sealed(bytes: Uint8Array, eventId: string | null = 'e-1'): Envelope {
  const given = parseSignature(sign(bytes, KEY));
  const verified =
    given === undefined ? undefined : verifySignature(encodeBody(bytes), given, [{ stage: 'AWSCURRENT', key: KEY }]);
  if (verified === undefined) throw new Error('the test signs what it seals');
  return encodeEnvelope(verified.body, { source: 'genesys-webhook', receivedAtMs: 1_700_000_000_000, eventId });
}

function received(envelope: Envelope): ReceivedMessage {
  return { ...envelope, messageId: 'm', receiveCount: 1, sentAtMs: 5, firstReceivedAtMs: 6 };
}

describe('envelope', () => {
  it('brings every body back byte for byte, and never holds a character that SQS would replace', () => {
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
    );
    const carried = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
    fc.assert(
      fc.property(bodies, (body) => {
        const envelope = sealed(body);
        expect(carried.test(envelope.body)).toBe(true);
        expect(Buffer.from(decodeEnvelope(received(envelope)).bytes)).toEqual(Buffer.from(body));
      }),
    );
  });

  it.each([
    ['plain JSON', Buffer.from('{"a":"é😀"}'), 'utf8', '{"a":"é😀"}'],
    ['a NUL', Buffer.from('a\u0000'), 'base64', 'YQA='],
    ['a vertical tab', Buffer.from('\u000b'), 'base64', 'Cw=='],
    ['U+FFFE', Buffer.from('\ufffe'), 'base64', '77++'],
    ['bytes that are not UTF-8', Buffer.from([0xff, 0x41]), 'base64', '/0E='],
    ['a lone surrogate, encoded as some encoders do', Buffer.from([0xed, 0xa0, 0x80]), 'base64', '7aCA'],
    ['a byte order mark', Buffer.from('\ufeff{}'), 'utf8', '\ufeff{}'],
  ])('carries %s', (_name, body, encoding, text) => {
    expect(sealed(body)).toEqual({
      body: text,
      attributes: { schema: '1', encoding, source: 'genesys-webhook', receivedAtMs: '1700000000000', eventId: 'e-1' },
    });
  });

  it('leaves the event id out where the body has none', () => {
    expect(sealed(Buffer.from('x'), null).attributes).not.toHaveProperty('eventId');
  });

  it('takes a bare message as it is, received when SQS got it', () => {
    expect(decodeEnvelope(received({ body: '{}', attributes: {} }))).toEqual({
      bytes: new Uint8Array([0x7b, 0x7d]),
      receivedAtMs: 5,
      origin: 'by-hand',
      fromQuarantine: false,
    });
  });

  it.each([
    ['genesys-webhook', 'genesys-webhook'],
    ['', 'by-hand'],
    ['<script>', 'by-hand'],
    ['x'.repeat(65), 'by-hand'],
  ])('says that a message with source %j came %s', (source, origin) => {
    expect(decodeEnvelope(received({ body: '', attributes: { source } })).origin).toBe(origin);
  });

  it.each([
    [{ schema: '2' }, 'envelope schema "2" is not known to this version (it knows 1)'],
    [{ encoding: 'gzip' }, 'encoding "gzip" is not known (utf8 or base64)'],
    [{ encoding: 'base64' }, 'the body is not the Base64 that its encoding attribute says'],
  ])('says what is wrong with %j', (attributes, problem) => {
    expect(decodeEnvelope(received({ body: 'no Base64!', attributes })).problem).toBe(problem);
  });

  it('uses the time of SQS if receivedAtMs is not a number', () => {
    expect(decodeEnvelope(received({ body: '', attributes: { receivedAtMs: 'soon' } })).receivedAtMs).toBe(5);
  });

  describe('in quarantine', () => {
    const note: QuarantineNote = {
      reason: 'crm_rejected',
      at: '2026-01-31T09:30:00.000Z',
      attempts: 1,
      lastError: 'HTTP 400: no\u0000pe',
      redrives: 0,
    };

    it('keeps body and attributes, adds the note, and opens as coming from quarantine', () => {
      const envelope = quarantineEnvelope(sealed(Buffer.from('{}')), note);
      expect(envelope.body).toBe('{}');
      expect(Object.keys(envelope.attributes)).toEqual([
        'schema',
        'encoding',
        'source',
        'receivedAtMs',
        'eventId',
        'quarantine',
      ]);
      expect(JSON.parse(envelope.attributes.quarantine ?? '')).toEqual(note);
      expect(decodeEnvelope(received(envelope)).fromQuarantine).toBe(true);
    });

    it('says when a message without an envelope was received, and leaves what an envelope says', () => {
      const bare = { body: '{}', attributes: {}, sentAtMs: 1_700_000_000_123 };
      const once = quarantineEnvelope(bare, note);
      expect(once.attributes.receivedAtMs).toBe('1700000000123');
      expect(quarantineEnvelope({ ...once, sentAtMs: 5 }, note).attributes.receivedAtMs).toBe('1700000000123');
      expect(decodeEnvelope(received(once))).toMatchObject({ receivedAtMs: 1_700_000_000_123, origin: 'by-hand' });
    });

    it('never has more attributes than the ten that SQS takes, nor two notes', () => {
      const foreign = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`x${i}`, 'v']));
      const once = quarantineEnvelope({ body: '{}', attributes: { ...foreign, schema: '1' } }, note);
      const twice = quarantineEnvelope(once, { ...note, redrives: 1 });
      expect(Object.keys(twice.attributes)).toHaveLength(10);
      expect(twice.attributes.schema).toBe('1');
      expect(JSON.parse(twice.attributes.quarantine ?? '').redrives).toBe(1);
    });
  });
});
