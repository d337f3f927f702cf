/** What a database says that was closed for writes because its rows were copied elsewhere. Both know it as trouble that ends: 503. */
export const CLOSED_MESSAGE = 'this database is closed for writes: it was copied to another one (portico db reopen opens it)';
/** Of the function and the triggers that say it. */
export const CLOSED_FUNCTION = 'portico_closed';
/** read_only_sql_transaction */
export const CLOSED_STATE = '25006';
/** SQLITE_CONSTRAINT_TRIGGER: the one kind of trigger that there ever is here. */
export const SQLITE_CLOSED = 1811;
