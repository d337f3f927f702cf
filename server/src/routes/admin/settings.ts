import { readSettings } from '../../admin/settings.ts';
import { adminScreen } from '../../http/admin/admin-route.ts';
import { type AdminRows, NOTHING } from '../../http/admin/admin-rows.ts';

export const SETTINGS: AdminRows = {
  ...NOTHING,
  screens: [
    adminScreen('settings', {
      summary: 'Every setting: its value, where it came from, what it does; secrets only as set or not set',
      read: async () => readSettings(),
    }),
  ],
};
