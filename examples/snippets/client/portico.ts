import { createPortico } from '@portico/client';

export const portico = createPortico({ issuer: 'http://localhost:4000', clientId: 'notes' });
