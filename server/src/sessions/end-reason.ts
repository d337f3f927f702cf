/** Why a session was ended for good. */
export type EndReason =
  | 'signed_out'
  | 'signed_out_everywhere'
  | 'ended_by_user'
  | 'signed_in_again'
  | 'password_changed'
  | 'recovered'
  | 'other_account'
  | 'not_me'
  | 'too_many_codes'
  | 'refresh_reuse'
  | 'password_reset'
  | 'email_restored'
  | 'account_deleted'
  | 'key_dropped';
