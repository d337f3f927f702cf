export type { Needs } from '../needs.ts';
export { SiteRefusal } from '../refusals.ts';
export type { VerifiedUser } from '../user.ts';
export { createPorticoSite, type PorticoSite, type SiteOptions } from './site.ts';
export type { SiteVisitor, Visit } from './visit.ts';
