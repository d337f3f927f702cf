import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const HOUR = 3_600_000;
const jwksUri = 'https://auth.example.com/.well-known/jwks.json';
const kid = (letter: string) => `${letter.repeat(42)}0`;
const current = { kid: kid('a'), alg: 'ES256', state: 'current', currentFrom: NOW - 90 * HOUR, neededUntil: null } as const;
const chain = { id: 1, state: 'current', currentFrom: NOW - 90 * HOUR, neededUntil: null, live: { count: 412, more: false } } as const;
const old = [
  { ...current, kid: kid('b'), state: 'old', neededUntil: NOW - 88 * HOUR } as const,
  { ...current, kid: kid('c'), alg: 'RS256', state: 'old', neededUntil: NOW - 88 * HOUR } as const,
];
const oldChain = { ...chain, id: 0, state: 'old', neededUntil: NOW + 600 * HOUR, live: { count: 1000, more: true } } as const;

export const keysSamples: readonly AdminSample<'keys'>[] = [
  {
    name: 'keys',
    screen: 'keys',
    address: '/admin/keys',
    content: { jwksUri, signing: [current, ...old], chains: [chain, oldChain], nextFrom: null },
    form: {
      act: 'dropKey',
      at: '/admin/do/keys/0/drop',
      state: { values: {}, error: 'invalid_fields', fields: { confirm: 'confirm_differs' }, retryAfter: null },
    },
  },
  {
    name: 'keys-rotated',
    screen: 'keys',
    address: '/admin/keys',
    role: 'support',
    done: { act: 'rotateKeys', body: {} },
    content: {
      jwksUri,
      signing: [{ ...current, kid: kid('d'), state: 'next', currentFrom: NOW + 60_000 }, current],
      chains: [{ ...chain, id: 2, state: 'next', currentFrom: NOW + 60_000, live: { count: 0, more: false } }, chain],
      nextFrom: NOW + 60_000,
    },
  },
];
