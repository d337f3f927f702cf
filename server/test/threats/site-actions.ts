import type { Action } from '../../src/audit/event.ts';

/** What is written when something happens to a client site or at one, beside what `logs.test.ts` makes happen. */
export const AT_SITES: readonly Action[] = [
  'client.added',
  'client.secret_rotated',
  'client.disabled',
  'client.enabled',
  'client.removed',
  'roles.changed',
  'key.dropped',
  'refresh.wrong_key',
  'consent.denied',
  'consent.given',
  'consent.revoked',
  'device.approved',
  'device.denied',
];
