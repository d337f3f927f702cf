export type { SiteUser } from '@portico/protocol/tokens';
export { SiteRefusal } from '../refusals.ts';
export { createSecondary, type Secondary, type SecondaryOptions, type SignIn, type SignOutWish } from './secondary.ts';
