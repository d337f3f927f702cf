/** Where the server leaves what the browser goes on from. */
export const ROOT_ID = 'portico-page';
export const DATA_ID = 'portico-view';
