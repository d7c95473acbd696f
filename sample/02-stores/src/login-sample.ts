// Everything that is taken from sample 1 as it is built there: its users, its login and admin pages, its look. What is
// left for this sample is where sessions are kept.
import '../../01-login/dist/account/session-data.js';

export { AdminController } from '../../01-login/dist/account/admin.controller.js';
export { LoginController } from '../../01-login/dist/account/login.controller.js';
export { AppConfig } from '../../01-login/dist/config/app-config.js';
export { StartError } from '../../01-login/dist/config/start-error.js';
export { ErrorPageFilter } from '../../01-login/dist/errors/error-page.filter.js';
export { LingeringConnections } from '../../01-login/dist/shutdown/lingering-connections.js';
export { describeStartFailure } from '../../01-login/dist/terminal/start-failure.js';
export { DEMO_ACCOUNT } from '../../01-login/dist/users/demo-account.js';
export { UsersModule } from '../../01-login/dist/users/users.module.js';
export { html, type Html } from '../../01-login/dist/views/html.js';
export { layout } from '../../01-login/dist/views/layout.js';
export { loginCard } from '../../01-login/dist/views/login.page.js';
export { createWebApp, listen } from '../../01-login/dist/web-app.js';
