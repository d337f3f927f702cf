import type { UserItem } from '../../src/admin/views/index.ts';
import { NOW } from '../sample-views.ts';
import type { AdminSample } from './samples.ts';

const DAY = 86_400_000;
const ada: UserItem = {
  id: 'AAAAAAAAAAAAAAAAAAAAAA',
  email: 'ada@example.com',
  displayName: 'Ada Lovelace',
  role: 'owner',
  verifiedAt: NOW - 90 * DAY,
  suspendedAt: null,
  createdAt: NOW - 90 * DAY,
  lastSignInAt: NOW - 3_600_000,
};

export const usersSamples: readonly AdminSample<'users'>[] = [
  { name: 'users-empty', screen: 'users', address: '/admin/users', content: { items: [], next: null } },
  {
    name: 'users',
    screen: 'users',
    address: '/admin/users?search=a&sort=email',
    content: {
      items: [
        ada,
        { ...ada, id: 'BAAAAAAAAAAAAAAAAAAAAA', email: 'alan@example.com', displayName: '', role: 'user', lastSignInAt: null },
        {
          ...ada,
          id: 'CAAAAAAAAAAAAAAAAAAAAA',
          email: 'a.rather.long.address.that.somebody.may.have@subdomain.of.a.university.example',
          displayName: '<script>alert(1)</script>',
          role: 'support',
          suspendedAt: NOW - DAY,
        },
      ],
      next: 'cursor',
    },
  },
];
