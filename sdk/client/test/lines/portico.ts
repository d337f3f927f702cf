import { createPortico } from '@portico/client';

export const portico = createPortico({ issuer: 'https://auth.example.com', clientId: 'space-snake' });
