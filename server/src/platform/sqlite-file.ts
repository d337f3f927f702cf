/** The SQLite database, by its name in the data folder. */
export const SQLITE_FILE = 'portico.sqlite';
