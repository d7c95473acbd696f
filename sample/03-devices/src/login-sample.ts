// What is taken from sample 1 as it is built there: its users and their passwords, its settings, its look.
export { type Credentials, CredentialsPipe } from '../../01-login/dist/account/credentials.pipe.js';
export { WrongCredentialsException } from '../../01-login/dist/account/wrong-credentials.exception.js';
export { AppConfig } from '../../01-login/dist/config/app-config.js';
export { ErrorPageFilter } from '../../01-login/dist/errors/error-page.filter.js';
export { wantsPage } from '../../01-login/dist/errors/wants-page.js';
export { LingeringConnections } from '../../01-login/dist/shutdown/lingering-connections.js';
export { describeStartFailure } from '../../01-login/dist/terminal/start-failure.js';
export { DEMO_ACCOUNT } from '../../01-login/dist/users/demo-account.js';
export { UsersModule } from '../../01-login/dist/users/users.module.js';
export { UsersService } from '../../01-login/dist/users/users.service.js';
export { html, type Html } from '../../01-login/dist/views/html.js';
export { distance, moment } from '../../01-login/dist/views/time.js';
export { createWebApp, listen } from '../../01-login/dist/web-app.js';
