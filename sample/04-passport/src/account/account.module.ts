import { Module } from '@nestjs/common';
import { PassportModule } from '../passport/passport.module.js';
import { FrontController } from './front.controller.js';
import { LoginController } from './login.controller.js';
import { SessionsController } from './sessions.controller.js';

@Module({
  imports: [PassportModule],
  controllers: [FrontController, LoginController, SessionsController],
})
export class AccountModule {}
