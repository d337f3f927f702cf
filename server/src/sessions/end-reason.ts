/** Why a session was ended for good. */
export type { EndReason } from '@portico/protocol/events';
