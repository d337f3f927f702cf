import type { AdminDeed, AdminExport, AdminScreen } from './admin-route.ts';

/** What one file of `routes/admin/` brings. */
export interface AdminRows {
  readonly screens: readonly AdminScreen[];
  readonly deeds: readonly AdminDeed[];
  readonly exports: readonly AdminExport[];
}

export const NOTHING: AdminRows = { screens: [], deeds: [], exports: [] };
