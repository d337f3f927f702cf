/** The screen “Users”. */
export const users = {
  title: 'Users',
  search: 'Address, name or id',
  searchHint: 'How an address or a name begins, or a whole id. Addresses are listed first.',
  role: 'Role',
  status: 'Status',
  onlySuspended: 'Suspended',
  sort: 'Order',
  sorts: { newest: 'Newest first', email: 'By address', name: 'By name' },
  email: 'Address',
  name: 'Name',
  noName: 'Not given',
  created: 'Since',
  lastSignIn: 'Last sign-in',
  suspended: 'Suspended',
  active: 'Open',
  empty: 'Nobody has an account yet. People appear here when they sign up, at a site of yours or on the pages of this service.',
} as const;
