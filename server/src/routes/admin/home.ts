import { readHome } from '../../admin/home.ts';
import { adminScreen } from '../../http/admin/admin-route.ts';
import { type AdminRows, NOTHING } from '../../http/admin/admin-rows.ts';

export const HOME: AdminRows = {
  ...NOTHING,
  screens: [
    adminScreen('home', {
      summary: 'Sign-ins by the hour, people, sessions, reasons of refusals, what waits, and what is left to set up',
      read: (deps) => readHome(deps),
    }),
  ],
};
