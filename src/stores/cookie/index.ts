export { SealedCookieStore } from './sealed-cookie.store.js';
