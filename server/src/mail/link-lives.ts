/** How long mailed links work, in milliseconds; their letters say so. */

const HOUR = 3_600_000;

/** A new password: as short as a letter's way and a person's patience allow. */
export const RESET_LIFE = HOUR;
/** A new address, to be proven from its own mailbox. */
export const CONFIRM_LIFE = 24 * HOUR;
/** Back to the old address: as long as its owner may be on holiday from it. */
export const UNDO_LIFE = 7 * 24 * HOUR;
/** "This was not me": as long as somebody may not read their mail. */
export const NOT_ME_LIFE = 7 * 24 * HOUR;
/** The link that makes an owner, which is printed and not mailed: as long as somebody needs who has just started a server. */
export const SETUP_LIFE = HOUR / 2;
/** An invitation. */
export const INVITATION_LIFE = 7 * 24 * HOUR;
