/** What the lists of the admin page share. */
export const list = {
  search: 'Search',
  filter: 'Show',
  apply: 'Apply',
  clear: 'Clear filters',
  more: 'Next page',
  first: 'First page',
  csv: 'Download as CSV',
  empty: 'Nothing here yet.',
  nothingFound: 'Nothing fits these filters.',
  all: 'All',
  none: 'None',
  never: 'Never',
  sort: 'Order',
  details: 'Details',
  keyboard: 'Press / to search.',
} as const;
